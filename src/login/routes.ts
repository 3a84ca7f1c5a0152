import type { IncomingMessage, ServerResponse } from 'node:http'
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import { accountPageRoute } from './account-route.ts'
import { browserSessions } from './browser.ts'
import { crossSiteRefusal } from './cross-site.ts'
import { confirmationActions, confirmationPages } from './confirmation-routes.ts'
import { deviceActions, devicePages } from './device-routes.ts'
import { factorActions, factorPages } from './factor-routes.ts'
import { loginPageRoute, loginRoute } from './login-route.ts'
import type { LoginOptions } from './options.ts'
import { icon } from './pages/icon.ts'
import { ICON_PATH, SCRIPT_PATH, STYLESHEET_PATH } from './pages/layout.ts'
import { script } from './pages/script.ts'
import { stylesheet } from './pages/stylesheet.ts'
import { passkeyActions } from './passkey-actions.ts'
import { passwordPageRoute, passwordRoute } from './password-route.ts'
import { problem, problemOf, refusal } from './problem.ts'
import { redirect } from './reply.ts'
import type { Routes } from './route.ts'
import { secretActions } from './secrets-route.ts'
import { securityHeaders } from './security-headers.ts'
import { send, sendProblem } from './send.ts'
import { logoutRoute, refreshRoute, sessionRoute } from './session-routes.ts'
import {
  endAllSessionsRoute,
  endOtherSessionsRoute,
  endSessionFormRoute,
  endSessionRoute,
  sessionsRoute,
} from './sessions-routes.ts'
import { endUserSessionsRoute, userSessionsRoute } from './user-sessions-routes.ts'
import { callerOf, headerOf, presentedToken, visitOf } from './visit.ts'

/**
 * Answers one request; `requestId` is said in errors and in the audit trail, `certificateKey` is of the client
 * certificate of its connection, if that has one (`auth/session-binding.ts`).
 */
export type LoginApp = (
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  certificateKey?: string,
) => void

/** No body here is longer than this many bytes. */
const BODY_LIMIT = 16 * 1024

const PAGES: Routes = {
  '/': () => redirect('/login'),
  '/login': loginPageRoute,
  '/password': passwordPageRoute,
  '/account': accountPageRoute,
  ...factorPages,
  ...devicePages,
  ...confirmationPages,
  '/auth/session': sessionRoute,
  '/auth/sessions': sessionsRoute,
  '/auth/users/:name/sessions': userSessionsRoute,
}

const ENDS: Routes = {
  '/auth/sessions/:id': endSessionRoute,
  '/auth/users/:name/sessions': endUserSessionsRoute,
}

const ACTIONS: Routes = {
  '/auth/login': loginRoute,
  '/auth/password': passwordRoute,
  '/auth/logout': logoutRoute,
  '/auth/refresh': refreshRoute,
  ...factorActions,
  ...passkeyActions,
  ...secretActions,
  ...deviceActions,
  ...confirmationActions,
  '/auth/sessions/end': endSessionFormRoute,
  '/auth/sessions/end-others': endOtherSessionsRoute,
  '/auth/sessions/end-all': endAllSessionsRoute,
}

const METHODS = ['get', 'post', 'delete'] as const
/** Every route of this door, by method and path. */
export const ROUTES: Readonly<Record<(typeof METHODS)[number], Routes>> = {
  get: PAGES,
  post: ACTIONS,
  delete: ENDS,
}

/**
 * The door for people: login, password, account and their endpoints, behind an edge that has checked `Host` and made
 * a request id.
 *
 * Fails closed: what it cannot judge or record is 503, and an exception is a constant text.
 */
export function loginApp(options: LoginOptions): LoginApp {
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  app.set('query parser', false)
  app.enable('case sensitive routing')
  app.enable('strict routing')
  app.use((_request, response, next) => {
    response.set(securityHeaders)
    next()
  })
  serveFiles(app)
  app.use(siteGuard(options), credentialGuard(options), browserSessions(options))
  app.use(express.raw({ type: () => true, limit: BODY_LIMIT, inflate: false }))
  for (const path of new Set(Object.values(ROUTES).flatMap(Object.keys))) serve(app, path, options)
  app.use(handler((request, response) => sendProblem(problem('not_found'), request, response, options)))
  app.use(lastResort(options))
  return (request, response, requestId, certificateKey) => {
    Object.assign(response, { locals: { requestId, certificateKey } })
    app(request, response)
  }
}

function serveFiles(app: Express): void {
  app.get(STYLESHEET_PATH, (_request, response) => void response.type('css').send(stylesheet))
  app.get(SCRIPT_PATH, (_request, response) => void response.type('js').send(script))
  app.get(ICON_PATH, (_request, response) => void response.type('svg').send(icon))
}

function serve(app: Express, path: string, options: LoginOptions): void {
  const allowed: string[] = []
  for (const method of METHODS) {
    const route = ROUTES[method][path]
    if (route === undefined) continue
    allowed.push(method === 'get' ? 'GET, HEAD' : method.toUpperCase())
    const answer = handler(async (request, response) => {
      await send(await route(visitOf(request, response, options), options), request, response, options)
    })
    app[method](path, answer)
  }
  const refuseMethod = handler(async (request, response) => {
    response.set('allow', allowed.join(', '))
    await sendProblem(problem('method_not_allowed'), request, response, options)
  })
  app.all(path, refuseMethod)
}

/** Refuses what another site makes a browser send. */
function siteGuard(options: LoginOptions): RequestHandler {
  return handler(async (request, response, next) => {
    const site = {
      method: request.method,
      fetchSite: headerOf(request, 'sec-fetch-site'),
      origin: headerOf(request, 'origin'),
      host: request.headers.host,
    }
    const reason = crossSiteRefusal(site, options.isAllowedOrigin)
    if (reason === undefined) next()
    else await sendProblem(refusal(reason), request, response, options)
  })
}

/** Refuses two credentials, and what is none, before anything else believes one of them. */
function credentialGuard(options: LoginOptions): RequestHandler {
  return handler(async (request, response, next) => {
    const presented = presentedToken(request, options.keys.cookie)
    // A cookie that no longer fits is what people log in to replace.
    if (presented.kind !== 'refused' || presented.reason === 'session_invalid') next()
    else await sendProblem(refusal(presented.reason), request, response, options)
  })
}

type AsyncHandler = (request: Request, response: Response, next: () => void) => Promise<void>

function handler(work: AsyncHandler): RequestHandler {
  return (request, response, next) => {
    work(request, response, () => next()).catch(next)
  }
}

/** The text of an exception goes to the operator; the caller learns whether trying again may help. */
function lastResort(options: LoginOptions): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const fault = problemOf(error)
    if (fault.code === 'internal_error' || fault.code === 'unavailable')
      options.onException(callerOf(request, response).requestId, error)
    if (response.headersSent) next(error)
    else sendProblem(fault, request, response, options).catch(next)
  }
}
