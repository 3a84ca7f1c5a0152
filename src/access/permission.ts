/** What an action needs: `area:verb`, for example `notes:read`. Wildcards occur in grants only. */
export type Permission = `${string}:${string}`
