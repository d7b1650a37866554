-- Named groups: a topic, and each revision of one, keeps the groups that its query uses (JSON: pairs of name and
-- expression, by name), so that it can be read by itself.

ALTER TABLE topics ADD COLUMN query_groups {text} NOT NULL DEFAULT '[]';
ALTER TABLE topic_revisions ADD COLUMN query_groups {text} NOT NULL DEFAULT '[]';
