-- Stories by likeness: how an item came to be in its story and who published it, what stories count, which are linked,
-- and the window of the last 72 hours in which new items look for their story.

ALTER TABLE story_items ADD COLUMN outlet {text} NOT NULL DEFAULT '';
ALTER TABLE story_items ADD COLUMN copied {int} NOT NULL DEFAULT 0 CHECK (copied IN (0, 1));
ALTER TABLE story_items ADD COLUMN reason {text} NOT NULL DEFAULT '';

ALTER TABLE stories ADD COLUMN items {int} NOT NULL DEFAULT 0;
ALTER TABLE stories ADD COLUMN outlets {int} NOT NULL DEFAULT 0;
ALTER TABLE stories ADD COLUMN independent {int} NOT NULL DEFAULT 0;
UPDATE stories SET items = (SELECT count(*) FROM story_items m WHERE m.story_id = stories.id);

-- The same happening in two languages. similarity is in thousandths; story_id is the lower of the two.
CREATE TABLE story_links (
  story_id {int} NOT NULL REFERENCES stories (id),
  other_id {int} NOT NULL REFERENCES stories (id),
  similarity {int} NOT NULL,
  PRIMARY KEY (story_id, other_id)
){strict};
CREATE INDEX story_links_of_other ON story_links (other_id);

-- Items in the order in which they were given their stories; trace is what they are compared by, as engine made it.
CREATE TABLE story_window (
  position {int} NOT NULL PRIMARY KEY,
  item_id {int} NOT NULL UNIQUE REFERENCES items (id),
  story_id {int} NOT NULL REFERENCES stories (id),
  language {text} NOT NULL,
  seen_at {int} NOT NULL,
  engine {text} NOT NULL,
  trace {blob} NOT NULL
){strict};
CREATE INDEX story_window_by_time ON story_window (seen_at);
