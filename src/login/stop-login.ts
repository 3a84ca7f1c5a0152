import { endSession } from './end-session.ts'
import type { LoginOptions } from './options.ts'
import { tooMany } from './problem.ts'
import { failed, type Reply } from './reply.ts'
import type { KnownVisitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/** Ends a login that lacks a step, after too many tries: it has to be begun again. */
export async function stopLogin(
  { caller, browser }: Visit,
  { live, from }: KnownVisitor,
  seconds: number,
  options: LoginOptions,
): Promise<Reply> {
  await endSession(live.record, 'too_many_tries', caller, options)
  if (from === 'cookie') await browser.forget()
  return failed(tooMany(seconds))
}
