-- What subscribers decided for themselves: no file that is applied again takes any of it back.

-- Set while a subscriber wants nothing at all, whatever subscriptions they have or will have.
ALTER TABLE subscribers ADD COLUMN opted_out_at {int};
ALTER TABLE subscribers ADD COLUMN opted_out_how {text} NOT NULL DEFAULT '';

-- A subscription (topic is empty), or one topic of it, that its subscriber does not want any more.
CREATE TABLE opt_outs (
  subscription_id {int} NOT NULL REFERENCES subscriptions (id),
  topic {text} NOT NULL,
  made_at {int} NOT NULL,
  how {text} NOT NULL,
  PRIMARY KEY (subscription_id, topic)
){strict};

-- When the owner of a mail address said yes to it; NULL for channels of files, and as long as nobody did.
ALTER TABLE channels ADD COLUMN confirmed_at {int};

-- Mails that asked for a yes. token_hash is of a random token that stands in the mail alone; asked is JSON: what was
-- wanted; address_key is a keyed fingerprint, by which the mails to an address are counted.
CREATE TABLE confirmations (
  id {id},
  token_hash {text} NOT NULL UNIQUE,
  channel_id {int} NOT NULL REFERENCES channels (id),
  address_key {text} NOT NULL,
  asked {text} NOT NULL,
  source {text} NOT NULL,
  ip_prefix {text} NOT NULL,
  made_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  confirmed_at {int}
){strict};
CREATE INDEX confirmations_of_address ON confirmations (address_key, made_at);
CREATE INDEX confirmations_of_channel ON confirmations (channel_id);
CREATE INDEX confirmations_open ON confirmations (expires_at) WHERE confirmed_at IS NULL;

-- Addresses that get nothing, by their keyed fingerprint alone: a row outlives everything else known of its person.
CREATE TABLE suppressions (
  address_key {text} NOT NULL PRIMARY KEY,
  reason {text} NOT NULL,
  made_at {int} NOT NULL
){strict};
