import { TOTP } from 'otpauth'

/** A secret that every test may know. */
export const TOTP_SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

/** The code that an authenticator app shows at `now`, in ms. */
export function totpCode(secret: string, now: number): string {
  return new TOTP({ secret, algorithm: 'SHA1', digits: 6, period: 30 }).generate({ timestamp: now })
}
