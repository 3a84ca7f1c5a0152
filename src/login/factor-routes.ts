import { enrolPageRoute, enrolTotpRoute } from './enrol-route.ts'
import { factorRoute, secondFactorPageRoute } from './factor-route.ts'
import { recoveryCodesPageRoute, recoveryCodesRoute, removeTotpRoute } from './factors-route.ts'
import { reauthenticatePageRoute, reauthenticateRoute } from './reauthenticate-route.ts'
import type { Routes } from './route.ts'

/** What is asked about second factors, and the pages for it. */
export const factorPages: Routes = {
  '/second-factor': secondFactorPageRoute,
  '/enrol': enrolPageRoute,
  '/recovery-codes': recoveryCodesPageRoute,
  '/reauthenticate': reauthenticatePageRoute,
}

/** What is posted about them. */
export const factorActions: Routes = {
  '/auth/factor': factorRoute,
  '/auth/enrol/totp': enrolTotpRoute,
  '/auth/remove/totp': removeTotpRoute,
  '/auth/recovery-codes': recoveryCodesRoute,
  '/auth/reauthenticate': reauthenticateRoute,
}
