/** What it takes to see, and to end, the sessions of others. */
export const ADMINISTRATOR_PERMISSIONS = ['sessions:read', 'sessions:end'] as const

/** One of {@link ADMINISTRATOR_PERMISSIONS}. */
export type AdministratorPermission = (typeof ADMINISTRATOR_PERMISSIONS)[number]
