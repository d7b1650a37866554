-- Surges: places and forecasts of the watchlists, which items tell of a place, and the surges that were found.

-- latitude and longitude count millionths of a degree. All hits up to placed_to have been asked whether they tell of
-- the place; another query starts again at 0.
CREATE TABLE places (
  id {id},
  slug {text} NOT NULL UNIQUE,
  watchlist {text} NOT NULL,
  name {text} NOT NULL,
  query {text} NOT NULL,
  query_groups {text} NOT NULL,
  latitude {int},
  longitude {int},
  owner {text} NOT NULL,
  revision {int} NOT NULL,
  enabled {int} NOT NULL CHECK (enabled IN (0, 1)),
  placed_to {int} NOT NULL
){strict};

CREATE TABLE item_places (
  place_id {int} NOT NULL REFERENCES places (id),
  item_id {int} NOT NULL REFERENCES items (id),
  PRIMARY KEY (place_id, item_id)
){strict};
CREATE INDEX item_places_of_item ON item_places (item_id);

-- begins and ends are days: 2026-01-31.
CREATE TABLE forecasts (
  id {id},
  slug {text} NOT NULL UNIQUE,
  watchlist {text} NOT NULL,
  topics {text} NOT NULL,
  places {text} NOT NULL,
  begins {text} NOT NULL,
  ends {text} NOT NULL,
  direction {text} NOT NULL,
  body {text} NOT NULL,
  source {text} NOT NULL,
  owner {text} NOT NULL,
  enabled {int} NOT NULL CHECK (enabled IN (0, 1))
){strict};

-- usual counts thousandths of a story; chance is a decimal number. Both are NULL while the history is too short.
CREATE TABLE surges (
  id {id},
  topic_id {int} NOT NULL REFERENCES topics (id),
  place_id {int} REFERENCES places (id),
  until {int} NOT NULL,
  hours {int} NOT NULL,
  stories {int} NOT NULL,
  usual {int},
  chance {text},
  reason {text} NOT NULL,
  muted {text} NOT NULL,
  found_at {int} NOT NULL
){strict};
CREATE UNIQUE INDEX surges_once ON surges (topic_id, COALESCE(place_id, 0), until);
CREATE INDEX surges_by_time ON surges (until, id);

ALTER TABLE subscriptions ADD COLUMN surges {int} NOT NULL DEFAULT 1 CHECK (surges IN (0, 1));

-- Set for an alert that tells of a surge: its story is then the newest of many, and was not told by itself.
ALTER TABLE alerts ADD COLUMN surge_id {int} REFERENCES surges (id);
