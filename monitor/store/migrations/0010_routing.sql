-- Routing: what a subscription asks for and when, what waits for its bundle or digest, silences, what was told of a
-- story, and deliveries that carry something else than an alert.

ALTER TABLE topics ADD COLUMN tags {text} NOT NULL DEFAULT '[]';

ALTER TABLE subscribers ADD COLUMN zone {text} NOT NULL DEFAULT 'UTC';

-- timing is a JSON object, see model.Timing; next_digest_at is when the next digest is due, NULL until it is worked out.
ALTER TABLE subscriptions ADD COLUMN tags {text} NOT NULL DEFAULT '[]';
ALTER TABLE subscriptions ADD COLUMN priorities {text} NOT NULL DEFAULT '[]';
ALTER TABLE subscriptions ADD COLUMN publishers {text} NOT NULL DEFAULT '[]';
ALTER TABLE subscriptions ADD COLUMN regions {text} NOT NULL DEFAULT '[]';
ALTER TABLE subscriptions ADD COLUMN timing {text} NOT NULL DEFAULT '{}';
ALTER TABLE subscriptions ADD COLUMN fallback_channel_id {int} REFERENCES channels (id);
ALTER TABLE subscriptions ADD COLUMN next_digest_at {int};
ALTER TABLE subscriptions ADD COLUMN last_digest_at {int};
CREATE INDEX subscriptions_by_digest ON subscriptions (next_digest_at, id) WHERE enabled = 1;

-- A one-off mute: matcher is a JSON object, see model.Silence; ends_at NULL lasts until somebody ends it.
CREATE TABLE silences (
  id {id},
  uid {text} NOT NULL UNIQUE,
  matcher {text} NOT NULL,
  owner {text} NOT NULL,
  reason {text} NOT NULL,
  begins_at {int} NOT NULL,
  ends_at {int},
  created_at {int} NOT NULL
){strict};
CREATE INDEX silences_by_end ON silences (ends_at);

-- Which subscriptions were told, in the first alert after its end, that a silence had kept something back.
CREATE TABLE silences_told (
  silence_id {int} NOT NULL REFERENCES silences (id),
  subscription_id {int} NOT NULL REFERENCES subscriptions (id),
  PRIMARY KEY (silence_id, subscription_id)
){strict};

-- cause says in one word why a hit waits. A decision with held_until set waits for its bundle or digest, and is
-- settled when that is made or given up.
ALTER TABLE decisions ADD COLUMN cause {text} NOT NULL DEFAULT '';
ALTER TABLE decisions ADD COLUMN held_until {int};
ALTER TABLE decisions ADD COLUMN settled_at {int};
ALTER TABLE decisions ADD COLUMN silence_id {int} REFERENCES silences (id);
CREATE INDEX decisions_unasked ON decisions (decided_at) WHERE verdict = 'unasked';
CREATE INDEX decisions_held ON decisions (subscription_id, held_until) WHERE held_until IS NOT NULL;
CREATE INDEX decisions_held_by_time ON decisions (held_until) WHERE held_until IS NOT NULL;
CREATE INDEX decisions_silenced ON decisions (subscription_id, silence_id) WHERE silence_id IS NOT NULL;
CREATE INDEX decisions_of_silence ON decisions (silence_id) WHERE silence_id IS NOT NULL;

-- What a subscription was told of a story: subject is the mail thread's and stays; facts and languages are JSON lists.
CREATE TABLE told (
  subscription_id {int} NOT NULL REFERENCES subscriptions (id),
  story_id {int} NOT NULL REFERENCES stories (id),
  subject {text} NOT NULL,
  first_at {int} NOT NULL,
  last_at {int} NOT NULL,
  alerts {int} NOT NULL,
  facts {text} NOT NULL,
  languages {text} NOT NULL,
  independent {int} NOT NULL,
  priority {text} NOT NULL,
  PRIMARY KEY (subscription_id, story_id)
){strict};
INSERT INTO told (subscription_id, story_id, subject, first_at, last_at, alerts, facts, languages, independent, priority)
SELECT a.subscription_id, a.story_id, s.title, min(a.created_at), max(a.created_at), count(*), '[]', '[]',
  s.independent, 'normal'
FROM alerts a JOIN stories s ON s.id = a.story_id
WHERE a.surge_id IS NULL GROUP BY a.subscription_id, a.story_id, s.title, s.independent;

-- kind: first, follow_up, bundle, digest or surge.
ALTER TABLE alerts ADD COLUMN kind {text} NOT NULL DEFAULT 'first';
UPDATE alerts SET kind = 'surge' WHERE surge_id IS NOT NULL;
CREATE INDEX alerts_of_subscription ON alerts (subscription_id, created_at);

-- A delivery carries an alert, or a notice that is in its bytes alone. urgency: 0 urgent, 1 normal, 2 can wait.
-- story_id is set where the story's deliveries must arrive in order; expires_at is when it is no news any more.
CREATE TABLE deliveries_before AS SELECT * FROM deliveries;
CREATE TABLE attempts_before AS SELECT * FROM attempts;
DROP TABLE attempts;
DROP TABLE deliveries;
CREATE TABLE deliveries (
  id {id},
  uid {text} NOT NULL UNIQUE,
  event {text} NOT NULL,
  title {text} NOT NULL,
  alert_id {int} REFERENCES alerts (id),
  story_id {int} REFERENCES stories (id),
  channel_id {int} NOT NULL REFERENCES channels (id),
  urgency {int} NOT NULL CHECK (urgency BETWEEN 0 AND 2),
  state {text} NOT NULL CHECK (state IN ('pending', 'leased', 'done', 'dead', 'cancelled')),
  due_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  attempts {int} NOT NULL,
  reason {text} NOT NULL,
  created_at {int} NOT NULL,
  done_at {int},
  lease_owner {text},
  lease_until {int},
  CHECK ((state = 'leased') = (lease_owner IS NOT NULL AND lease_until IS NOT NULL))
){strict};
INSERT INTO deliveries (id, uid, event, title, alert_id, story_id, channel_id, urgency, state, due_at, expires_at,
  attempts, reason, created_at, done_at, lease_owner, lease_until)
SELECT d.id, d.uid, CASE WHEN a.surge_id IS NULL THEN 'alert.first' ELSE 'alert.surge' END, s.title, d.alert_id,
  CASE WHEN a.surge_id IS NULL THEN a.story_id END, d.channel_id, 1, d.state, d.due_at, d.created_at + 604800000000,
  d.attempts, d.reason, d.created_at, d.done_at, d.lease_owner, d.lease_until
FROM deliveries_before d JOIN alerts a ON a.id = d.alert_id JOIN stories s ON s.id = a.story_id;

-- The exact bytes to send, apart from what changes with each attempt: SQLite writes a changed row anew with all it holds.
CREATE TABLE payloads (
  delivery_id {int} NOT NULL PRIMARY KEY REFERENCES deliveries (id),
  body {blob} NOT NULL
){strict};
INSERT INTO payloads (delivery_id, body)
SELECT b.id, b.payload FROM deliveries_before b JOIN deliveries d ON d.id = b.id ORDER BY b.id;
DROP TABLE deliveries_before;
CREATE INDEX deliveries_due ON deliveries (urgency, channel_id, due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_expiring ON deliveries (expires_at) WHERE state = 'pending';
CREATE INDEX deliveries_leased ON deliveries (lease_until, id) WHERE state = 'leased';
CREATE INDEX deliveries_in_order ON deliveries (channel_id, story_id, id)
  WHERE story_id IS NOT NULL AND state IN ('pending', 'leased');
CREATE INDEX deliveries_by_time ON deliveries (created_at, id);
CREATE INDEX deliveries_of_alert ON deliveries (alert_id);
CREATE INDEX deliveries_of_channel ON deliveries (channel_id, state);

-- cause: due (its time had come) or manual (somebody asked for it).
CREATE TABLE attempts (
  id {id},
  delivery_id {int} NOT NULL REFERENCES deliveries (id),
  number {int} NOT NULL,
  cause {text} NOT NULL,
  started_at {int} NOT NULL,
  ended_at {int},
  outcome {text},
  status {int},
  reason {text} NOT NULL,
  UNIQUE (delivery_id, number)
){strict};
INSERT INTO attempts (id, delivery_id, number, cause, started_at, ended_at, outcome, status, reason)
SELECT id, delivery_id, number, 'due', started_at, ended_at, outcome, status, reason FROM attempts_before;
DROP TABLE attempts_before;
{only postgres} SELECT setval(pg_get_serial_sequence('deliveries', 'id'), COALESCE((SELECT max(id) FROM deliveries), 0) + 1, false);
{only postgres} SELECT setval(pg_get_serial_sequence('attempts', 'id'), COALESCE((SELECT max(id) FROM attempts), 0) + 1, false);
