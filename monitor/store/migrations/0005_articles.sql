-- Full texts: which versions of an item have the body of the article's own page, and the pages that are to be read.
--
-- articles has one row an item, for its newest version from the feed. It goes with its item.

ALTER TABLE item_versions ADD COLUMN full_text {int} NOT NULL DEFAULT 0 CHECK (full_text IN (0, 1));

CREATE TABLE articles (
  item_id {int} NOT NULL PRIMARY KEY REFERENCES items (id) ON DELETE CASCADE,
  feed_id {int} NOT NULL REFERENCES feeds (id),
  version {int} NOT NULL,
  url {text} NOT NULL,
  host {text} NOT NULL,
  state {text} NOT NULL,
  reason {text} NOT NULL,
  attempts {int} NOT NULL,
  queued_at {int} NOT NULL,
  due_at {int} NOT NULL,
  asked_at {int},
  claimed_at {int}
){strict};
CREATE INDEX articles_waiting ON articles (due_at) WHERE state = 'waiting';
CREATE INDEX articles_asked ON articles (feed_id, asked_at);
