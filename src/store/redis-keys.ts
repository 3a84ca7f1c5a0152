/** What all keys and channels begin with, unless told otherwise. */
const DEFAULT_PREFIX = 'sallyport:'

/** The names of all keys and channels. What is in braces decides the hash slot on Redis Cluster. */
export interface RedisKeys {
  readonly noteIds: string
  note(id: string): string
  /** What one author uses of the quota. */
  noteUsage(author: string): string
  readonly userIndex: string
  /** What the keys of the users of one slot begin with. */
  userPrefix(slot: string): string
  /** A session record; `digest` is the hex SHA-256 of the token. */
  session(slot: string, digest: string): string
  /** What the indexes of the users of one slot begin with: the digests of a user's sessions, by when they began. */
  sessionIndex(slot: string): string
  /** The history of an account, newest first. */
  history(slot: string, user: string): string
  /** Whose WebAuthn user handle it is. */
  userHandle(handle: string): string
  /** A login that a device asks for, by the digest of its code; all of them share a hash slot. */
  deviceLogin(digest: string): string
  /** Which device waits under a user code. */
  deviceCode(digest: string): string
  /** Those that are open, by when they end: of one network, and all. */
  devicesOf(network: string): string
  readonly devicesOpen: string
  /** A confirmation that was asked for; all of them share a hash slot. */
  confirmation(id: string): string
  /** Which of them is of a call. */
  confirmationOf(call: string): string
  /** Those that have not ended, by their end: of one holder, all, and those that wait for a role. */
  confirmationsOf(holder: string): string
  readonly confirmationsOpen: string
  confirmationsFor(role: string): string
  /** How many bytes are in all of them, and the roles that any waits for. */
  readonly confirmationBytes: string
  readonly confirmationRoles: string
  /** Who keeps anything for upstreams. */
  readonly secretHolders: string
  /** What a principal keeps there, by when it was set. */
  secretIndex(slot: string, principal: string): string
  /** One of them, sealed; `member` is upstream and name. */
  secret(slot: string, principal: string, member: string): string
  readonly browserPrefix: string
  /** What the counters of one kind begin with. */
  rateLimit(name: string): string
  /** The live revocation list: its epoch, its entries by epoch and by their end, and where changes are announced. */
  readonly revocationState: string
  readonly revocationsByEpoch: string
  readonly revocationsByEnd: string
  readonly revocationChannel: string
  /** Streams of the audit trail, where it is sent here: its lines, and its checkpoints. */
  readonly auditLines: string
  readonly auditAnchors: string
}

/** @param prefix what all of them begin with: several installations may share one Redis */
export function redisKeys(prefix: string = DEFAULT_PREFIX): RedisKeys {
  return Object.freeze({
    noteIds: `${prefix}{notes}:ids`,
    note: (id) => `${prefix}{notes}:note:${id}`,
    noteUsage: (author) => `${prefix}{notes}:usage:${author}`,
    userIndex: `${prefix}users`,
    userPrefix: (slot) => `${prefix}{${slot}}:user:`,
    session: (slot, digest) => `${prefix}{${slot}}:session:${digest}`,
    sessionIndex: (slot) => `${prefix}{${slot}}:sessions:`,
    history: (slot, user) => `${prefix}{${slot}}:history:${user}`,
    userHandle: (handle) => `${prefix}handle:${handle}`,
    deviceLogin: (digest) => `${prefix}{devices}:login:${digest}`,
    deviceCode: (digest) => `${prefix}{devices}:code:${digest}`,
    devicesOf: (network) => `${prefix}{devices}:of:${network}`,
    devicesOpen: `${prefix}{devices}:open`,
    confirmation: (id) => `${prefix}{confirmations}:one:${id}`,
    confirmationOf: (call) => `${prefix}{confirmations}:call:${call}`,
    confirmationsOf: (holder) => `${prefix}{confirmations}:of:${holder}`,
    confirmationsOpen: `${prefix}{confirmations}:open`,
    confirmationsFor: (role) => `${prefix}{confirmations}:for:${role}`,
    confirmationBytes: `${prefix}{confirmations}:bytes`,
    confirmationRoles: `${prefix}{confirmations}:roles`,
    secretHolders: `${prefix}secret-holders`,
    secretIndex: (slot, principal) => `${prefix}{${slot}}:secrets:${principal}`,
    secret: (slot, principal, member) => `${prefix}{${slot}}:secret:${principal}:${member}`,
    browserPrefix: `${prefix}browser:`,
    rateLimit: (name) => `${prefix}throttle:${name}`,
    revocationState: `${prefix}{revocations}:state`,
    revocationsByEpoch: `${prefix}{revocations}:by-epoch`,
    revocationsByEnd: `${prefix}{revocations}:by-end`,
    revocationChannel: `${prefix}{revocations}:announced`,
    auditLines: `${prefix}audit:lines`,
    auditAnchors: `${prefix}audit:anchors`,
  } satisfies RedisKeys)
}
