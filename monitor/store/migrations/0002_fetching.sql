-- What polling learns and remembers beyond the spine: hosts that asked us to wait, the feed's own rhythm and hints,
-- the window last seen, and the gaps between windows.
--
-- feeds.host is the host part of the address, filled in by the next poll of a feed from before this migration.

ALTER TABLE feeds ADD COLUMN host {text} NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN priority {text} NOT NULL DEFAULT 'normal';
ALTER TABLE feeds ADD COLUMN plan {text} NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN rhythm {text} NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN hints {text} NOT NULL DEFAULT '{}';
ALTER TABLE feeds ADD COLUMN last_new_at {int};
ALTER TABLE feeds ADD COLUMN window_size {int};
ALTER TABLE feeds ADD COLUMN failing_since {int};
ALTER TABLE feeds ADD COLUMN empty_since {int};
ALTER TABLE feeds ADD COLUMN full_at {int};
ALTER TABLE feeds ADD COLUMN retired_at {int};
ALTER TABLE feeds ADD COLUMN moved_to {text};
ALTER TABLE feeds ADD COLUMN moved_since {int};
ALTER TABLE feeds ADD COLUMN moved_polls {int} NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN follows_move {int} NOT NULL DEFAULT 0;

-- Hosts that refused us: none of their feeds is asked before wait_until.
CREATE TABLE hosts (
  host {text} NOT NULL PRIMARY KEY,
  wait_until {int} NOT NULL,
  refusals {int} NOT NULL,
  reason {text} NOT NULL
){strict};

-- The entries of the last document read, in its order, as JSON: what was parsed already need not be parsed again.
CREATE TABLE feed_windows (
  feed_id {int} NOT NULL PRIMARY KEY REFERENCES feeds (id),
  read_at {int} NOT NULL,
  entries {text} NOT NULL
){strict};

-- A document that shared nothing with the one before it: what was published between the two may be missing.
CREATE TABLE gaps (
  id {id},
  feed_id {int} NOT NULL REFERENCES feeds (id),
  found_at {int} NOT NULL,
  since {int} NOT NULL,
  recovered {int} NOT NULL,
  closed {int} NOT NULL CHECK (closed IN (0, 1)),
  reason {text} NOT NULL
){strict};
CREATE INDEX gaps_of_feed ON gaps (feed_id, found_at);

CREATE INDEX items_by_fingerprint ON items (feed_id, fingerprint);
