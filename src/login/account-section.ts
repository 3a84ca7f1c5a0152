import type { LoginOptions } from './options.ts'
import type { Html } from './pages/html.ts'
import type { KnownVisitor } from './visitor.ts'

/** Whose account page is made, and the anti-forgery token of its forms. The session is a complete one. */
export interface AccountOf {
  readonly visitor: KnownVisitor
  readonly formToken: string
}

/** Makes one section of the account page; `undefined` for one that has nothing to show. */
export type AccountSection = (account: AccountOf, options: LoginOptions) => Promise<Html | undefined>
