import type { Credentials } from '../../src/login/credentials.ts'
import { newRecoveryCodes } from '../../src/login/recovery-codes.ts'
import { PASSWORD, type LoginDoor } from './login-door.ts'
import { TOTP_SECRET, totpCode } from './totp.ts'

/** A user with an authenticator app and recovery codes. */
export interface FactorUser {
  readonly name: string
  readonly recoveryCodes: readonly string[]
  /** What the app shows so many steps from now. */
  code(steps?: number): string
  /** A login by password alone, of a program: the token of what is pending. */
  pending(): Promise<string>
  /** A complete login of a program: its token. */
  token(): Promise<string>
}

/** @param credentials to be other than that */
export async function factorUser(
  door: LoginDoor,
  credentials: Partial<Credentials> = {},
  fields: { readonly name?: string } = {},
): Promise<FactorUser> {
  const { codes, digests } = newRecoveryCodes()
  const totp = { secret: TOTP_SECRET, lastStep: 0, addedAt: door.options.now() }
  const { name } = await door.addUser(fields, { totp, recoveryCodes: digests, ...credentials })
  const code = (steps = 0): string => totpCode(TOTP_SECRET, door.options.now() + steps * 30_000)
  const login = async (more: object): Promise<Record<string, string>> => {
    const body = { username: name, password: PASSWORD, token: true, ...more }
    return (await door.post('/auth/login', body)).json() as Record<string, string>
  }
  const used = new Set<string>()
  return {
    name,
    recoveryCodes: codes,
    code,
    pending: async () => (await login({}))['pending'] ?? '',
    async token() {
      // From the end of the list, so that tests have the beginning.
      const fresh = codes.toReversed().find((one) => !used.has(one)) ?? ''
      used.add(fresh)
      return (await login({ code: fresh }))['token'] ?? ''
    },
  }
}

/** The header of a token. */
export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}
