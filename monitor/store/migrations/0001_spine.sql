-- The spine: everything between a feed and a finished delivery.
--
-- Portable text. The runner fills in a few words per engine: {id} an identity key, {int} a 64-bit integer, {text}
-- text that compares by bytes, {blob} bytes, {strict} table options. Times are integers (µs since 1970, UTC);
-- lists are JSON text; yes and no are 1 and 0.

CREATE TABLE meta (
  key {text} NOT NULL PRIMARY KEY,
  value {text} NOT NULL
){strict};

CREATE TABLE audit (
  id {id},
  at {int} NOT NULL,
  actor {text} NOT NULL,
  action {text} NOT NULL,
  object {text} NOT NULL,
  detail {text} NOT NULL
){strict};

-- What people say about a feed, then where its polling stands.
CREATE TABLE feeds (
  id {id},
  slug {text} NOT NULL UNIQUE,
  url {text} NOT NULL,
  title {text} NOT NULL,
  language {text} NOT NULL,
  region {text} NOT NULL,
  publisher {text} NOT NULL,
  kind {text} NOT NULL,
  enabled {int} NOT NULL CHECK (enabled IN (0, 1)),
  disabled_reason {text} NOT NULL,
  min_interval {int} NOT NULL,
  owner {text} NOT NULL,
  revision {int} NOT NULL,
  next_poll_at {int} NOT NULL,
  etag {text},
  last_modified {text},
  validator_url {text},
  body_hash {text},
  last_polled_at {int},
  last_ok_at {int},
  baseline_at {int},
  failures {int} NOT NULL,
  gone {int} NOT NULL,
  outcome {text},
  reason {text} NOT NULL,
  poll_interval {int} NOT NULL,
  claimed_at {int}
){strict};
CREATE INDEX feeds_due ON feeds (next_poll_at, id) WHERE enabled = 1;

CREATE TABLE polls (
  id {id},
  feed_id {int} NOT NULL REFERENCES feeds (id),
  started_at {int} NOT NULL,
  ended_at {int} NOT NULL,
  outcome {text} NOT NULL,
  reason {text} NOT NULL,
  status {int},
  size {int} NOT NULL,
  items {int} NOT NULL,
  new_items {int} NOT NULL
){strict};
CREATE INDEX polls_of_feed ON polls (feed_id, started_at);
CREATE INDEX polls_by_end ON polls (ended_at);

-- An item is its identity and its newest version; what it said stands in item_versions, one row a version.
CREATE TABLE items (
  id {id},
  feed_id {int} NOT NULL REFERENCES feeds (id),
  key {text} NOT NULL,
  raw_id {text},
  version {int} NOT NULL,
  fingerprint {text} NOT NULL,
  first_seen {int} NOT NULL,
  last_seen {int} NOT NULL,
  UNIQUE (feed_id, key)
){strict};
CREATE INDEX items_by_first_seen ON items (first_seen, id);
CREATE INDEX items_by_last_seen ON items (last_seen);
CREATE INDEX items_of_feed_by_last_seen ON items (feed_id, last_seen);

CREATE TABLE item_versions (
  item_id {int} NOT NULL REFERENCES items (id) ON DELETE CASCADE,
  version {int} NOT NULL,
  seen_at {int} NOT NULL,
  reason {text} NOT NULL,
  watchlist_revision {int} NOT NULL,
  engine {text} NOT NULL,
  fingerprint {text} NOT NULL,
  link {text},
  canonical_link {text},
  published {int},
  updated {int},
  language {text} NOT NULL,
  url {text} NOT NULL,
  source {text} NOT NULL,
  author {text} NOT NULL,
  tags {text} NOT NULL,
  title {text} NOT NULL,
  summary {text} NOT NULL,
  body {text} NOT NULL,
  PRIMARY KEY (item_id, version)
){strict};
CREATE INDEX item_versions_by_link ON item_versions (substr(canonical_link, 1, 255));

CREATE TABLE topics (
  id {id},
  slug {text} NOT NULL UNIQUE,
  watchlist {text} NOT NULL,
  name {text} NOT NULL,
  description {text} NOT NULL,
  priority {text} NOT NULL,
  query {text} NOT NULL,
  owner {text} NOT NULL,
  revision {int} NOT NULL,
  enabled {int} NOT NULL CHECK (enabled IN (0, 1)),
  examples {text} NOT NULL
){strict};

-- Append only: what a topic asked for at each revision, so that an old hit can always be explained.
CREATE TABLE topic_revisions (
  topic_id {int} NOT NULL REFERENCES topics (id),
  revision {int} NOT NULL,
  query {text} NOT NULL,
  actor {text} NOT NULL,
  at {int} NOT NULL,
  PRIMARY KEY (topic_id, revision)
){strict};

CREATE TABLE hits (
  id {id},
  item_id {int} NOT NULL,
  item_version {int} NOT NULL,
  topic_id {int} NOT NULL,
  topic_revision {int} NOT NULL,
  engine {text} NOT NULL,
  reason {text} NOT NULL,
  spans {text} NOT NULL,
  found_at {int} NOT NULL,
  decided_at {int},
  UNIQUE (item_id, topic_id),
  FOREIGN KEY (item_id, item_version) REFERENCES item_versions (item_id, version),
  FOREIGN KEY (topic_id, topic_revision) REFERENCES topic_revisions (topic_id, revision)
){strict};
CREATE INDEX hits_undecided ON hits (item_id) WHERE decided_at IS NULL;
CREATE INDEX hits_by_time ON hits (found_at, id);
CREATE INDEX hits_of_topic ON hits (topic_id, found_at, id);

CREATE TABLE stories (
  id {id},
  uid {text} NOT NULL UNIQUE,
  title {text} NOT NULL,
  language {text} NOT NULL,
  first_seen {int} NOT NULL,
  last_seen {int} NOT NULL
){strict};

CREATE TABLE story_items (
  item_id {int} NOT NULL PRIMARY KEY REFERENCES items (id),
  story_id {int} NOT NULL REFERENCES stories (id)
){strict};
CREATE INDEX story_items_of_story ON story_items (story_id);

CREATE TABLE story_keys (
  key {text} NOT NULL,
  story_id {int} NOT NULL REFERENCES stories (id),
  PRIMARY KEY (key, story_id)
){strict};
CREATE INDEX story_keys_of_story ON story_keys (story_id);

CREATE TABLE subscribers (
  id {id},
  slug {text} NOT NULL UNIQUE,
  name {text} NOT NULL,
  language {text} NOT NULL,
  owner {text} NOT NULL
){strict};

-- secret is sealed, never plain; NULL means that there is none.
CREATE TABLE channels (
  id {id},
  slug {text} NOT NULL UNIQUE,
  kind {text} NOT NULL,
  address {text} NOT NULL,
  secret {blob},
  enabled {int} NOT NULL CHECK (enabled IN (0, 1)),
  disabled_reason {text} NOT NULL,
  owner {text} NOT NULL
){strict};

CREATE TABLE subscriptions (
  id {id},
  slug {text} NOT NULL UNIQUE,
  subscriber_id {int} NOT NULL REFERENCES subscribers (id),
  channel_id {int} NOT NULL REFERENCES channels (id),
  topics {text} NOT NULL,
  languages {text} NOT NULL,
  enabled {int} NOT NULL CHECK (enabled IN (0, 1)),
  owner {text} NOT NULL
){strict};

CREATE TABLE alerts (
  id {id},
  uid {text} NOT NULL UNIQUE,
  subscription_id {int} NOT NULL REFERENCES subscriptions (id),
  story_id {int} NOT NULL REFERENCES stories (id),
  reason {text} NOT NULL,
  created_at {int} NOT NULL
){strict};
CREATE INDEX alerts_of_story ON alerts (story_id, subscription_id);

CREATE TABLE alert_hits (
  alert_id {int} NOT NULL REFERENCES alerts (id),
  position {int} NOT NULL,
  hit_id {int} NOT NULL REFERENCES hits (id),
  PRIMARY KEY (alert_id, position),
  UNIQUE (alert_id, hit_id)
){strict};
CREATE INDEX alert_hits_of_hit ON alert_hits (hit_id);

-- The ledger: one final answer for each hit and subscription.
CREATE TABLE decisions (
  hit_id {int} NOT NULL REFERENCES hits (id),
  subscription_id {int} NOT NULL REFERENCES subscriptions (id),
  verdict {text} NOT NULL,
  reason {text} NOT NULL,
  alert_id {int} REFERENCES alerts (id),
  decided_at {int} NOT NULL,
  PRIMARY KEY (hit_id, subscription_id)
){strict};
CREATE INDEX decisions_of_alert ON decisions (alert_id);

CREATE TABLE deliveries (
  id {id},
  uid {text} NOT NULL UNIQUE,
  alert_id {int} NOT NULL REFERENCES alerts (id),
  channel_id {int} NOT NULL REFERENCES channels (id),
  state {text} NOT NULL CHECK (state IN ('pending', 'leased', 'done', 'dead', 'cancelled')),
  due_at {int} NOT NULL,
  attempts {int} NOT NULL,
  reason {text} NOT NULL,
  created_at {int} NOT NULL,
  done_at {int},
  lease_owner {text},
  lease_until {int},
  payload {blob} NOT NULL,
  CHECK ((state = 'leased') = (lease_owner IS NOT NULL AND lease_until IS NOT NULL))
){strict};
CREATE INDEX deliveries_due ON deliveries (due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_leased ON deliveries (lease_until, id) WHERE state = 'leased';
CREATE INDEX deliveries_by_time ON deliveries (created_at, id);
CREATE INDEX deliveries_of_alert ON deliveries (alert_id);
CREATE INDEX deliveries_of_channel ON deliveries (channel_id, state);

CREATE TABLE attempts (
  id {id},
  delivery_id {int} NOT NULL REFERENCES deliveries (id),
  number {int} NOT NULL,
  started_at {int} NOT NULL,
  ended_at {int},
  outcome {text},
  status {int},
  reason {text} NOT NULL,
  UNIQUE (delivery_id, number)
){strict};
