-- Breakers, and what the outbox counts of a delivery itself.

-- tries: failed attempts that the receiver had a part in, since the delivery was made or last asked for again; unknowns:
-- those of which nobody knows whether they arrived; cut_short: attempts in a row that our own end cut short. cause: of
-- the next attempt. asked_at: when somebody last asked for the delivery again.
ALTER TABLE deliveries ADD COLUMN tries {int} NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN unknowns {int} NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN cut_short {int} NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN cause {text} NOT NULL DEFAULT 'due';
ALTER TABLE deliveries ADD COLUMN asked_at {int};
UPDATE deliveries SET
  tries = (SELECT count(*) FROM attempts a WHERE a.delivery_id = deliveries.id AND a.outcome = 'retry'),
  unknowns = (SELECT count(*) FROM attempts a WHERE a.delivery_id = deliveries.id AND a.outcome = 'unknown'
    AND a.reason NOT IN ('the process ended during this attempt', 'the lease ran out during this attempt'))
WHERE state IN ('pending', 'leased');
CREATE INDEX deliveries_suspected ON deliveries (due_at, id) WHERE state = 'pending' AND cut_short >= 2;

-- One row for each channel that was sent to, and one for the mail relay ('relay'): see model.Breaker.
CREATE TABLE breakers (
  key {text} NOT NULL PRIMARY KEY,
  channel_id {int} UNIQUE REFERENCES channels (id),
  failures {int} NOT NULL,
  failing_since {int},
  opened_at {int},
  probe_at {int},
  probes {int} NOT NULL,
  held_until {int},
  last_ok_at {int},
  told_at {int},
  reason {text} NOT NULL,
  CHECK ((opened_at IS NULL) = (probe_at IS NULL))
){strict};
