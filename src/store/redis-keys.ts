/** The names of all keys. What is in braces decides the hash slot on Redis Cluster. */
export const NOTE_IDS = 'sallyport:{notes}:ids'
export const USER_INDEX = 'sallyport:users'
export const BROWSER_PREFIX = 'sallyport:browser:'

/** The live revocation list: its epoch, its entries by epoch and by their end, and where changes are announced. */
export const REVOCATION_STATE = 'sallyport:{revocations}:state'
export const REVOCATIONS_BY_EPOCH = 'sallyport:{revocations}:by-epoch'
export const REVOCATIONS_BY_END = 'sallyport:{revocations}:by-end'
export const REVOCATION_CHANNEL = 'sallyport:{revocations}:announced'

/** A session record; `digest` is the hex SHA-256 of the token. */
export function sessionKey(slot: string, digest: string): string {
  return `sallyport:{${slot}}:session:${digest}`
}

/** What the indexes of the users of one slot begin with: the digests of a user's sessions, by when they began. */
export function sessionIndex(slot: string): string {
  return `sallyport:{${slot}}:sessions:`
}

/** The history of an account, newest first. */
export function historyKey(slot: string, user: string): string {
  return `sallyport:{${slot}}:history:${user}`
}

/** What the keys of the users of one slot begin with. */
export function userPrefix(slot: string): string {
  return `sallyport:{${slot}}:user:`
}

export function noteKey(id: string): string {
  return `sallyport:{notes}:note:${id}`
}

/** What one author uses of the quota. */
export function noteUsageKey(author: string): string {
  return `sallyport:{notes}:usage:${author}`
}
