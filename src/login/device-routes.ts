import { askDeviceLogin } from './ask-device-login.ts'
import { deviceFields, deviceTokenFields } from './device-fields.ts'
import { devicePageRoute, approveDeviceRoute } from './device-page-routes.ts'
import { fieldsIn } from './fields.ts'
import { loggedIn } from './logged-in.ts'
import type { LoginOptions } from './options.ts'
import { problem, tooMany } from './problem.ts'
import { releaseDevice } from './release-device.ts'
import { failed, json, type Reply } from './reply.ts'
import type { Route, Routes } from './route.ts'
import type { Visit } from './visit.ts'

/** What is read, for devices that ask for a login. */
export const devicePages: Routes = { '/device': ifAllowed(devicePageRoute) }

/** What is posted, by the device and by who approves it. */
export const deviceActions: Routes = {
  '/auth/device': ifAllowed(askRoute),
  '/auth/device/token': ifAllowed(tokenRoute),
  '/auth/device/approve': ifAllowed(approveDeviceRoute),
}

/** Where `deviceLogin` is off, none of it is there. */
function ifAllowed(route: Route): Route {
  return async (visit, options) => (options.deviceLogin ? route(visit, options) : failed('not_found'))
}

/** `POST /auth/device`: begins a login that is approved in a browser; times in seconds, as in RFC 8628, 3.2. */
async function askRoute({ body, host, caller }: Visit, options: LoginOptions): Promise<Reply> {
  const read = fieldsIn(body, deviceFields)
  if (read.kind === 'refused') return failed(read.problem)
  const verificationUri = URL.parse(`https://${host}/device`)?.href
  if (host === undefined || verificationUri === undefined) return failed('bad_request')
  const asked = await askDeviceLogin(read.fields.client, caller, options)
  if (asked.kind === 'wait') return failed(tooMany(asked.seconds))
  const { deviceCode, userCode, life, interval } = asked.login
  return json({
    deviceCode,
    userCode,
    verificationUri,
    verificationUriComplete: `${verificationUri}?code=${userCode}`,
    expiresIn: life / 1000,
    interval: interval / 1000,
  })
}

/** `POST /auth/device/token`: the session, once, or why there is none yet (RFC 8628, 3.5). */
async function tokenRoute({ body, caller }: Visit, options: LoginOptions): Promise<Reply> {
  const read = fieldsIn(body, deviceTokenFields)
  if (read.kind === 'refused') return failed(read.problem)
  const released = await releaseDevice(read.fields.deviceCode, caller, options)
  return released.kind === 'opened'
    ? json(loggedIn(released.opened, true, options))
    : failed(problem(released.kind))
}
