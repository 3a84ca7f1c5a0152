/** Filtered lists are one caller's own; they may be kept by its client, briefly, and by nobody in between. */
export const PRIVATE = { ttlMs: 0, cacheScope: 'private' } as const
