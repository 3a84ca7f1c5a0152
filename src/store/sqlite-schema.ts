/** Strict: a value of another type is an error, not a surprise. All times in ms. */
const USERS_SESSIONS_NOTES = `
  CREATE TABLE users (
    name TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    one_time_until INTEGER,
    disabled INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (
    digest TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,
    mfa_at INTEGER,
    pending TEXT,
    idle_timeout INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    label TEXT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    mac TEXT NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_by_expiry ON sessions (expires_at);

  CREATE TABLE notes (
    id TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    author TEXT NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX notes_by_author ON notes (author, bytes);

  CREATE TABLE browser_sessions (
    digest TEXT PRIMARY KEY,
    data TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX browser_sessions_by_expiry ON browser_sessions (expires_at);
`

/** `run` is made once for each file; `epoch` and `run` are one row, read and written with the entries. */
const REVOCATIONS = `
  CREATE TABLE revocations (
    issuer TEXT NOT NULL,
    serial TEXT NOT NULL,
    until INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (issuer, serial)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX revocations_by_epoch ON revocations (epoch);
  CREATE INDEX revocations_by_end ON revocations (until);

  CREATE TABLE revocation_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    run TEXT NOT NULL
  ) STRICT;
  INSERT INTO revocation_state VALUES (1, 0, lower(hex(randomblob(16))));
`

/**
 * Second factors. What users logged in by is no longer plain, and nothing here has the key to seal it: users of an
 * older version keep their names and get a new password by "user reset-password". Sessions end. The live revocation list
 * gets entries of other kinds, each as one text.
 */
const SECOND_FACTORS = `
  ALTER TABLE users ADD COLUMN credentials TEXT NOT NULL DEFAULT '';
  ALTER TABLE users ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE users DROP COLUMN password_hash;
  ALTER TABLE users DROP COLUMN one_time_until;

  DELETE FROM sessions;
  ALTER TABLE sessions ADD COLUMN authentication_methods TEXT NOT NULL DEFAULT '';
  ALTER TABLE sessions ADD COLUMN binding TEXT;
  CREATE INDEX sessions_by_user ON sessions (user, created_at);

  CREATE TABLE histories (
    id INTEGER PRIMARY KEY,
    user TEXT NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
  ) STRICT;
  CREATE INDEX histories_by_user ON histories (user, id);

  CREATE TABLE ended (
    member TEXT PRIMARY KEY,
    until INTEGER NOT NULL,
    epoch INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO ended SELECT issuer || ':' || serial || ':' || until, until, epoch FROM revocations;
  DROP TABLE revocations;
  ALTER TABLE ended RENAME TO revocations;
  CREATE INDEX revocations_by_epoch ON revocations (epoch);
  CREATE INDEX revocations_by_end ON revocations (until);

  CREATE TABLE device_logins (
    device TEXT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    network TEXT NOT NULL,
    request TEXT NOT NULL,
    answer TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    slowed INTEGER NOT NULL,
    polled_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX device_logins_by_expiry ON device_logins (expires_at);

  CREATE TABLE user_handles (
    handle TEXT PRIMARY KEY,
    user TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE rate_limits (
    key TEXT PRIMARY KEY,
    points INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX rate_limits_by_expiry ON rate_limits (expires_at);
`

/** What is sealed comes last: the other columns are read without it. */
const CONFIRMATIONS = `
  CREATE TABLE confirmations (
    id TEXT PRIMARY KEY,
    call TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL,
    role TEXT,
    bytes INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    answer TEXT NOT NULL,
    request TEXT NOT NULL,
    args TEXT NOT NULL
  ) STRICT;
  CREATE INDEX confirmations_by_expiry ON confirmations (expires_at, holder, bytes);
  CREATE INDEX confirmations_by_role ON confirmations (role, expires_at) WHERE answer = '';
`

/** What is sealed comes last: the other columns are read without it. */
const UPSTREAM_SECRETS = `
  CREATE TABLE upstream_secrets (
    principal TEXT NOT NULL,
    upstream TEXT NOT NULL,
    name TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    sealed TEXT NOT NULL,
    PRIMARY KEY (principal, upstream, name)
  ) STRICT;
`

/** From each version of the schema to the next, beginning with an empty database. Never change one: add another. */
export const MIGRATIONS: readonly string[] = [
  USERS_SESSIONS_NOTES,
  REVOCATIONS,
  SECOND_FACTORS,
  CONFIRMATIONS,
  UPSTREAM_SECRETS,
]

/** The version in `user_version`. A database of a newer one is refused, one of an older one is brought up. */
export const SCHEMA_VERSION: number = MIGRATIONS.length
