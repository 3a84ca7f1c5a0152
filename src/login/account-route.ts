import { sessionFormToken } from './form-guard.ts'
import type { LoginOptions } from './options.ts'
import { accountPage } from './pages/account-page.ts'
import { page, redirect, type Reply } from './reply.ts'
import { pageOf } from './step-page.ts'
import { userView } from './session-view.ts'
import { browserVisitor } from './visitor.ts'
import type { Visit } from './visit.ts'

/** `GET /account`: who is signed in here, and until when. */
export async function accountPageRoute(visit: Visit, options: LoginOptions): Promise<Reply> {
  const visitor = await browserVisitor(visit, options)
  if (visitor === undefined) return redirect('/login')
  const { record, idleExpiresAt } = visitor.live
  if (record.pending !== null) return redirect(pageOf(record.pending))
  return page(
    accountPage({
      formToken: sessionFormToken(visitor.token, options),
      user: record.user,
      roles: userView(record.user, options.rightsOf).roles,
      idleExpiresAt,
      expiresAt: record.expiresAt,
      passwordChanged: visit.browser.takeNotice() === 'password_changed',
    }),
  )
}
