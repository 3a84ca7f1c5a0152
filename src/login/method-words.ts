import type { AuthenticationMethod } from '../auth/session-record.ts'

const WORDS: Readonly<Record<AuthenticationMethod, string>> = {
  password: 'password',
  totp: 'code of an app',
  recovery_code: 'recovery code',
  passkey: 'passkey',
}

/** What was proved in a session, for people: "password and passkey". */
export function methodWords(methods: readonly AuthenticationMethod[]): string {
  return new Intl.ListFormat('en-GB').format(methods.map((method) => WORDS[method]))
}
