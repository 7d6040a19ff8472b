package store

// migrations bring a database from version i to i+1. A released entry is never
// edited; a change is a new entry. Times are unix seconds, UTC.
var migrations = []string{`
CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE clients (            -- OAuth 2 clients, for client_credentials
  id          TEXT PRIMARY KEY,
  secret_hash BLOB NOT NULL,
  scope       TEXT NOT NULL
) STRICT;

CREATE TABLE tokens (
  hash    BLOB PRIMARY KEY,       -- SHA-256 of the token
  scope   TEXT NOT NULL,
  subject TEXT NOT NULL,          -- whose it is; for a registration the device's uuid
  expires INTEGER NOT NULL        -- 0: never
) STRICT;
CREATE INDEX tokens_expires ON tokens (expires) WHERE expires > 0;

CREATE TABLE counters (           -- the last version given out per role; it only grows
  role TEXT PRIMARY KEY,
  last INTEGER NOT NULL
) STRICT;

CREATE TABLE metadata (           -- every file that was ever signed
  role    TEXT NOT NULL,
  version INTEGER NOT NULL,
  online  INTEGER NOT NULL,       -- 1: served; 0: made for a bundle only
  expires INTEGER NOT NULL,
  file    BLOB NOT NULL,
  PRIMARY KEY (role, version)
) STRICT;
CREATE INDEX metadata_bundles ON metadata (expires) WHERE online = 0;

CREATE TABLE devices (
  uuid        TEXT PRIMARY KEY,   -- lower case
  name        TEXT NOT NULL,
  hwid        TEXT NOT NULL,
  grp         TEXT NOT NULL,
  production  INTEGER NOT NULL,
  pubkey      BLOB NOT NULL,      -- DER SubjectPublicKeyInfo
  created     INTEGER NOT NULL,
  deleted     INTEGER NOT NULL,   -- when; 0: it is not
  last_seen   INTEGER NOT NULL,   -- 0: never
  tags        TEXT NOT NULL,      -- as the device says: comma separated
  target      TEXT NOT NULL,
  ostree_hash TEXT NOT NULL,
  apps        TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX devices_name ON devices (name) WHERE deleted = 0;

CREATE TABLE device_codes (
  hash      BLOB PRIMARY KEY,     -- SHA-256 of the device code
  user_code TEXT NOT NULL UNIQUE,
  client_id TEXT NOT NULL,
  peer      TEXT NOT NULL,        -- address that asked
  created   INTEGER NOT NULL,
  expires   INTEGER NOT NULL,
  wait      INTEGER NOT NULL,     -- seconds between two polls
  polled    INTEGER NOT NULL,     -- unix milliseconds; 0: never
  state     TEXT NOT NULL         -- pending, approved, denied
) STRICT;

CREATE TABLE device_docs (        -- the latest of each kind that a device sent
  uuid TEXT NOT NULL,
  kind TEXT NOT NULL,
  at   INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (uuid, kind)
) STRICT;

CREATE TABLE events (
  seq  INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL,
  id   TEXT NOT NULL,
  at   INTEGER NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (uuid, id)
) STRICT;
`, `
CREATE TABLE root_updates (       -- the open transaction on the roots
  id         INTEGER PRIMARY KEY CHECK (id = 1), -- one at a time
  txid_hash  BLOB NOT NULL,       -- SHA-256 of the transaction's id
  base       INTEGER NOT NULL,    -- version of the root that it changes
  first_time INTEGER NOT NULL,    -- 1: the first root key was handed out
  created    INTEGER NOT NULL,
  created_by TEXT NOT NULL,       -- subject of a token
  updated    INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  ci         BLOB NOT NULL,       -- the new root, as far as it is signed
  prod       BLOB NOT NULL,       -- its production twin
  online     TEXT NOT NULL,       -- JSON: role to id of its online key
  signatures TEXT NOT NULL        -- JSON: further signatures on production targets
) STRICT;
`, `
CREATE TABLE waves (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  name        TEXT NOT NULL UNIQUE,
  version     INTEGER NOT NULL,   -- of its targets.json, and of the targets that are new in it
  tag         TEXT NOT NULL,
  status      TEXT NOT NULL,      -- active, complete, canceled
  targets     BLOB NOT NULL,      -- its targets.json, with the signatures so far
  created     INTEGER NOT NULL,
  created_by  TEXT NOT NULL,
  finished    INTEGER NOT NULL,   -- 0: it is not
  finished_by TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX waves_active ON waves (tag) WHERE status = 'active';

CREATE TABLE wave_rollouts (      -- the history; whole ones also hold for devices that join the group later
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  wave    INTEGER NOT NULL REFERENCES waves (seq),
  grp     TEXT NOT NULL,          -- "": of any group
  whole   INTEGER NOT NULL,       -- 1: all of the group
  devices INTEGER NOT NULL,       -- how many were new in it
  at      INTEGER NOT NULL,
  by      TEXT NOT NULL
) STRICT;
CREATE INDEX wave_rollouts_wave ON wave_rollouts (wave, whole, grp);

CREATE TABLE wave_devices (       -- whom a wave was rolled out to one by one
  wave INTEGER NOT NULL REFERENCES waves (seq),
  uuid TEXT NOT NULL,
  PRIMARY KEY (wave, uuid)
) STRICT, WITHOUT ROWID;

CREATE TABLE wave_handed (        -- the last wave of a tag whose metadata a device was handed
  uuid TEXT NOT NULL,
  tag  TEXT NOT NULL,
  wave INTEGER NOT NULL REFERENCES waves (seq),
  PRIMARY KEY (uuid, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX wave_handed_wave ON wave_handed (wave);
`, `
CREATE TABLE target_versions (    -- every version that a target ever had; a pruned one stays
  hwid    TEXT NOT NULL,
  version INTEGER NOT NULL,
  name    TEXT NOT NULL,          -- of the target
  PRIMARY KEY (hwid, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX target_versions_name ON target_versions (name);

CREATE TABLE elsewhere (          -- files that were signed elsewhere and uploaded
  role    TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (role, version)
) STRICT, WITHOUT ROWID;
`, `
CREATE TABLE wave_bundles (       -- targets that offline bundles of a wave bring to devices, in its rollout or not
  wave   INTEGER NOT NULL REFERENCES waves (seq),
  target TEXT NOT NULL,           -- one that production targets did not have when the bundle was made
  at     INTEGER NOT NULL,        -- of the first such bundle
  by     TEXT NOT NULL,
  PRIMARY KEY (wave, target)
) STRICT, WITHOUT ROWID;
`}
