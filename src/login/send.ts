import type { Request, Response } from 'express'
import { isForm } from './body.ts'
import type { LoginOptions } from './options.ts'
import { errorPage } from './pages/error-page.ts'
import { headersOf, statusOf, type Problem, type ProblemCode } from './problem.ts'
import type { Reply } from './reply.ts'
import { callerOf } from './visit.ts'

/** Sends what a route answers. */
export async function send(
  reply: Reply,
  request: Request,
  response: Response,
  options: LoginOptions,
): Promise<void> {
  switch (reply.kind) {
    case 'json':
      response.status(200).json(reply.body)
      return
    case 'empty':
      response.status(204).end()
      return
    case 'page':
      response.status(reply.status).set(reply.problem === undefined ? {} : headersOf(reply.problem))
      response.type('html').send(reply.page)
      if (reply.problem !== undefined) await recordRefusal(reply.problem, request, response, options)
      return
    case 'redirect':
      response.status(303).set('location', reply.to).end()
      return
    case 'problem':
      await sendProblem(reply.problem, request, response, options)
  }
}

/** Answers a problem: with a page to who came by a page, else as JSON. A refused credential is on record. */
export async function sendProblem(
  problem: Problem,
  request: Request,
  response: Response,
  options: LoginOptions,
): Promise<void> {
  const { requestId } = callerOf(request, response)
  const { code, message } = problem
  response.status(statusOf(problem)).set(headersOf(problem))
  if (wantsPage(request)) response.type('html').send(errorPage({ message, requestId }))
  else response.json({ error: code, message, requestId })
  await recordRefusal(problem, request, response, options)
}

/** Of what no client of ours sends: on record as on the other doors (ASVS 5.0, 16.3.3). */
const MALFORMED: ReadonlySet<ProblemCode> = new Set([
  'bad_request',
  'body_too_large',
  'form_expired',
  'unsupported_media_type',
])

async function recordRefusal(
  refused: Problem,
  request: Request,
  response: Response,
  { audit, onException }: LoginOptions,
): Promise<void> {
  const reason = refused.reason ?? (MALFORMED.has(refused.code) ? 'request_malformed' : undefined)
  if (reason === undefined) return
  const { requestId, address } = callerOf(request, response)
  const event = { event: 'request.refused', requestId, layer: 'http', reason, detail: null, address } as const
  await audit.record(event).catch((error: unknown) => onException(requestId, error))
}

function wantsPage(request: Request): boolean {
  if (request.path.startsWith('/auth/')) return isForm(request.headers['content-type'])
  return request.accepts(['json', 'html']) === 'html'
}
