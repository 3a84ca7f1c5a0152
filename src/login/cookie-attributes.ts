/** Of every cookie of this door: what `__Host-` demands (RFC 6265bis, 4.1.3.2), no script, no post from another site. */
export const COOKIE_ATTRIBUTES = { path: '/', httpOnly: true, secure: true, sameSite: 'lax' } as const
