-- Channels: the key before the one in force, sealed like it, signs beside it until old_secret_until; format says how a
-- webhook's body is wrapped (standard or cloudevents). An attempt keeps the beginning of what the receiver wrote back.

ALTER TABLE channels ADD COLUMN old_secret {blob};
ALTER TABLE channels ADD COLUMN old_secret_until {int};
ALTER TABLE channels ADD COLUMN format {text} NOT NULL DEFAULT 'standard';
ALTER TABLE attempts ADD COLUMN reply {text} NOT NULL DEFAULT '';
