import { passkeyEnrolOptionsRoute, passkeyEnrolRoute, passkeyRemovalRoute } from './passkey-enrol-routes.ts'
import { passkeyOptionsRoute, passkeyRoute } from './passkey-routes.ts'
import type { Routes } from './route.ts'

/** What is posted about passkeys, by its path. */
export const passkeyActions: Routes = {
  '/auth/passkey/options': passkeyOptionsRoute,
  '/auth/passkey': passkeyRoute,
  '/auth/enrol/passkey/options': passkeyEnrolOptionsRoute,
  '/auth/enrol/passkey': passkeyEnrolRoute,
  '/auth/remove/passkey': passkeyRemovalRoute,
}
