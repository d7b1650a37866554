-- Reports about mails. digest is of the report's bytes: one that is read twice counts once. channel_id is NULL for a
-- report that no delivery fits; a row that is acted has led to its address being suspended, and counts no more.
CREATE TABLE bounces (
  id {id},
  digest {text} NOT NULL UNIQUE,
  delivery_uid {text} NOT NULL,
  channel_id {int} REFERENCES channels (id),
  kind {text} NOT NULL,
  status {text} NOT NULL,
  reason {text} NOT NULL,
  acted {int} NOT NULL,
  received_at {int} NOT NULL
){strict};
CREATE INDEX bounces_of_channel ON bounces (channel_id, received_at);
CREATE INDEX bounces_by_time ON bounces (received_at);
