-- The archive index: which words each item version has, for queries over what is stored.
--
-- archive_queue holds the versions that are not indexed yet, archive_docs those that are; a version is always in one of
-- the two, which the triggers see to whoever writes. SQLite keeps the words in an FTS5 table without texts and
-- positions, PostgreSQL in a tsvector beside. Lines that begin with {only …} are for one engine.

CREATE TABLE archive_queue (
  item_id {int} NOT NULL,
  version {int} NOT NULL,
  PRIMARY KEY (item_id, version),
  FOREIGN KEY (item_id, version) REFERENCES item_versions (item_id, version) ON DELETE CASCADE
){strict};

CREATE TABLE archive_docs (
  id {id},
  item_id {int} NOT NULL,
  version {int} NOT NULL,
  UNIQUE (item_id, version),
  FOREIGN KEY (item_id, version) REFERENCES item_versions (item_id, version) ON DELETE CASCADE
){strict};

INSERT INTO archive_queue (item_id, version) SELECT item_id, version FROM item_versions;

{only sqlite}
CREATE VIRTUAL TABLE archive_words USING fts5 (
  words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
{only sqlite}
CREATE TRIGGER archive_new AFTER INSERT ON item_versions BEGIN
  INSERT INTO archive_queue (item_id, version) VALUES (new.item_id, new.version);
END;
{only sqlite}
CREATE TRIGGER archive_gone AFTER DELETE ON archive_docs BEGIN
  DELETE FROM archive_words WHERE rowid = old.id;
END;

{only postgres}
ALTER TABLE archive_docs ADD COLUMN words tsvector NOT NULL;
{only postgres}
CREATE INDEX archive_docs_by_word ON archive_docs USING gin (words);
{only postgres}
CREATE FUNCTION archive_new() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
  INSERT INTO archive_queue (item_id, version) VALUES (NEW.item_id, NEW.version);
  RETURN NULL;
END';
{only postgres}
CREATE TRIGGER archive_new AFTER INSERT ON item_versions FOR EACH ROW EXECUTE FUNCTION archive_new();

-- Append only: from which revision of the watchlist on a topic was watched for, or not, and by which of its own. What
-- was judged before the first of these rows was judged by a revision that nobody wrote down.
CREATE TABLE topic_states (
  topic_id {int} NOT NULL,
  watchlist_revision {int} NOT NULL,
  topic_revision {int} NOT NULL,
  enabled {int} NOT NULL CHECK (enabled IN (0, 1)),
  PRIMARY KEY (topic_id, watchlist_revision),
  FOREIGN KEY (topic_id, topic_revision) REFERENCES topic_revisions (topic_id, revision)
){strict};
INSERT INTO topic_states (topic_id, watchlist_revision, topic_revision, enabled)
SELECT t.id, CAST(m.value AS {int}), t.revision, t.enabled
FROM topics t JOIN meta m ON m.key = 'watchlist_revision';
