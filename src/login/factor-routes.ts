import { enrolPageRoute, enrolTotpRoute } from './enrol-route.ts'
import { factorRoute, secondFactorPageRoute } from './factor-route.ts'
import { recoveryCodesPageRoute, recoveryCodesRoute, removeTotpRoute } from './factors-route.ts'
import { reauthenticatePageRoute, reauthenticateRoute } from './reauthenticate-route.ts'
import type { LoginOptions } from './options.ts'
import type { Reply } from './reply.ts'
import type { Visit } from './visit.ts'

type Route = (visit: Visit, options: LoginOptions) => Promise<Reply>

/** What is asked about second factors, and the pages for it. */
export const factorPages: Readonly<Record<string, Route>> = {
  '/second-factor': secondFactorPageRoute,
  '/enrol': enrolPageRoute,
  '/recovery-codes': recoveryCodesPageRoute,
  '/reauthenticate': reauthenticatePageRoute,
}

/** What is posted about them. */
export const factorActions: Readonly<Record<string, Route>> = {
  '/auth/factor': factorRoute,
  '/auth/enrol/totp': enrolTotpRoute,
  '/auth/remove/totp': removeTotpRoute,
  '/auth/recovery-codes': recoveryCodesRoute,
  '/auth/reauthenticate': reauthenticateRoute,
}
