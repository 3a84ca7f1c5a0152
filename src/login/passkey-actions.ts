import type { LoginOptions } from './options.ts'
import { passkeyEnrolOptionsRoute, passkeyEnrolRoute, passkeyRemovalRoute } from './passkey-enrol-routes.ts'
import { passkeyOptionsRoute, passkeyRoute } from './passkey-routes.ts'
import type { Reply } from './reply.ts'
import type { Visit } from './visit.ts'

/** What is posted about passkeys, by its path. */
export const passkeyActions: Readonly<
  Record<string, (visit: Visit, options: LoginOptions) => Promise<Reply>>
> = {
  '/auth/passkey/options': passkeyOptionsRoute,
  '/auth/passkey': passkeyRoute,
  '/auth/enrol/passkey/options': passkeyEnrolOptionsRoute,
  '/auth/enrol/passkey': passkeyEnrolRoute,
  '/auth/remove/passkey': passkeyRemovalRoute,
}
