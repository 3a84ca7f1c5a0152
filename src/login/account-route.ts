import { accountSections } from './account-sections.ts'
import { sessionFormToken } from './form-guard.ts'
import type { LoginOptions } from './options.ts'
import { accountPage } from './pages/account-page.ts'
import { page, redirect, type Reply } from './reply.ts'
import { pageOf } from './step-page.ts'
import { userView } from './session-view.ts'
import { browserVisitor, type KnownVisitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/** `GET /account`: who is signed in here and until when, and what belongs to the account. */
export async function accountPageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await browserVisitor(visit, options)
  if (visitor === undefined) return redirect('/login')
  const { pending } = visitor.live.record
  return pending === null ? page(await pageFor(visitor, visit, options)) : redirect(pageOf(pending))
}

async function pageFor(visitor: KnownVisitor, visit: Visit, options: LoginOptions): Promise<string> {
  const formToken = sessionFormToken(visitor.token, options)
  const sections = await Promise.all(
    accountSections.map((section) => section({ visitor, formToken }, options)),
  )
  const { record, idleExpiresAt } = visitor.live
  return accountPage({
    formToken,
    user: record.user,
    roles: userView(record.user, options.rightsOf).roles,
    idleExpiresAt,
    expiresAt: record.expiresAt,
    notice: visit.browser.takeNotice(),
    sections: sections.filter((section) => section !== undefined),
  })
}
