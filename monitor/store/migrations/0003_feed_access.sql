-- How a feed is reached (JSON: header fields, references to secrets, proxy, certificate authority), whether its items'
-- pages are read too, and which items of its first window may alert.

ALTER TABLE feeds ADD COLUMN access {text} NOT NULL DEFAULT '{}';
ALTER TABLE feeds ADD COLUMN full_text {int} NOT NULL DEFAULT 0 CHECK (full_text IN (0, 1));
ALTER TABLE feeds ADD COLUMN alert_newest {int} NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN alert_since {int};
