-- Pushes: our WebSub subscriptions. A feed has at most one that is wanted; those that are being ended stand beside it.

CREATE TABLE pushes (
  id {id},
  feed_id {int} NOT NULL REFERENCES feeds (id),
  hub {text} NOT NULL,
  topic {text} NOT NULL,
  token {text} NOT NULL UNIQUE,
  callback {text} NOT NULL,
  secret {blob},
  since {int} NOT NULL,
  state {text} NOT NULL,
  reason {text} NOT NULL,
  due_at {int} NOT NULL,
  lease_until {int},
  requested_at {int},
  last_ping_at {int},
  pings {int} NOT NULL,
  bad_pings {int} NOT NULL,
  attempts {int} NOT NULL
){strict};
CREATE UNIQUE INDEX pushes_wanted ON pushes (feed_id) WHERE state NOT IN ('unsubscribing', 'ended');
CREATE INDEX pushes_due ON pushes (due_at);
