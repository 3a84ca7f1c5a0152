import type { Authenticator } from './authenticator.ts'

/**
 * Identifies a caller by the client certificate of its connection. The work was done at admission, once per
 * connection and trust epoch; a request only hands on the outcome.
 */
export const certificateAuthenticator: Authenticator = ({ certificate }) => certificate
