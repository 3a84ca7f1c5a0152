/** The clients that a first start makes, with the role that each is granted. */
export const FIRST_CLIENTS = [
  { name: 'demo', role: 'reader' },
  { name: 'admin-cli', role: 'admin' },
] as const
