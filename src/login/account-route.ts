import { accountSections } from './account-sections.ts'
import { sessionFormToken } from './form-guard.ts'
import type { LoginOptions } from './options.ts'
import { noticeWords } from './notice-words.ts'
import { accountPage } from './pages/account-page.ts'
import { page, redirect, type Reply } from './reply.ts'
import { userView } from './session-view.ts'
import { pageVisitor, type KnownVisitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/** `GET /account`: who is signed in here and until when, and what belongs to the account. */
export async function accountPageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await pageVisitor(visit, options)
  // Every login ends here: who came for something else goes on to it.
  if (visitor.kind === 'known' && visit.wayBack.to !== undefined) return redirect(visit.wayBack.to)
  return visitor.kind === 'known' ? page(await pageFor(visitor, visit, options)) : redirect(visitor.to)
}

async function pageFor(visitor: KnownVisitor, visit: Visit, options: LoginOptions): Promise<string> {
  const formToken = sessionFormToken(visitor.token, options)
  const sections = await Promise.all(
    accountSections.map((section) => section({ visitor, formToken }, options)),
  )
  const { record, idleExpiresAt } = visitor.live
  const notice = visit.browser.takeNotice()
  return accountPage({
    formToken,
    user: record.user,
    roles: userView(record.user, options.rightsOf, record).roles,
    idleExpiresAt,
    expiresAt: record.expiresAt,
    notice: notice === undefined ? undefined : noticeWords[notice],
    sections: sections.filter((section) => section !== undefined),
  })
}
