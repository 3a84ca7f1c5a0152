import { randomUUID } from 'node:crypto'
import type { AuthContext } from '../../auth/context.ts'
import type { UpstreamOptions } from './options.ts'
import type { Identification, Identify } from './ports.ts'

/** What signs tokens. */
export interface TokenSigner {
  /** Names the key, in the header of a token. */
  readonly keyId: string
  /** The Ed25519 signature of what stands before it in a JWS. */
  sign(signingInput: string): Buffer
}

/** What it takes to say who calls. */
export interface IdentifyOptions {
  /** `iss`: how this installation is called, a URL or `spiffe://` and its trust domain. */
  readonly issuer: string
  readonly signer: TokenSigner
  /** How long a token is good, in ms; whole seconds of it, five minutes at most. */
  readonly tokenLife: number
  /** Ms since the epoch. */
  readonly now: () => number
}

/** No token is good for longer, in ms. */
const LONGEST_LIFE = 5 * 60_000
/** Tokens that are kept; the oldest goes. */
const MOST_TOKENS = 4096

const NOTHING: Identification = Object.freeze({ headers: Object.freeze({}), meta: Object.freeze({}) })

/**
 * Tells upstreams who calls, each as it is configured: nothing, the name, or a token that proves it. A token is a JWT
 * (RFC 7519) of type `sallyport-caller+jwt`, for this upstream alone. Neither has roles in it, nor anything of the
 * credential: what an upstream is told is good nowhere else.
 *
 * A token is used again until half of its life is over, so that it costs nothing in most calls: its `jti` is of the
 * token and not of a call.
 */
export function identifier(options: IdentifyOptions): Identify {
  const { now } = options
  const life = Math.floor(Math.min(options.tokenLife, LONGEST_LIFE) / 1000)
  const tokens = new Map<string, KeptToken>()
  const tokenFor = (context: AuthContext, upstream: UpstreamOptions): Identification => {
    const claims = claimsOf(context, upstream, options.issuer)
    // Everything that is in a token but its times and its id.
    const key = JSON.stringify(claims)
    const kept = tokens.get(key)
    const time = now()
    // A clock that went back makes a new one: what is dated in the future is good nowhere.
    if (kept !== undefined && kept.from <= time && time < kept.until) return kept.identification
    const seconds = Math.floor(time / 1000)
    const dated = { ...claims, iat: seconds, nbf: seconds, exp: seconds + life, jti: randomUUID() }
    const identification = withToken(signed(dated, options.signer))
    tokens.delete(key)
    tokens.set(key, { identification, from: seconds * 1000, until: seconds * 1000 + life * 500 })
    const [oldest] = tokens.keys()
    if (tokens.size > MOST_TOKENS && oldest !== undefined) tokens.delete(oldest)
    return identification
  }
  return (context, upstream, requestId) => {
    switch (upstream.identity) {
      case 'none':
        return NOTHING
      case 'plain':
        return plain(context, requestId)
      case 'token':
        return tokenFor(context, upstream)
    }
  }
}

interface KeptToken {
  readonly identification: Identification
  /** It is used from then, until then; ms since the epoch. */
  readonly from: number
  readonly until: number
}

/** For upstreams that believe whoever reaches them: it proves nothing. */
function plain({ principal, methods }: AuthContext, requestId: string): Identification {
  return {
    headers: { 'sallyport-principal': principal.id },
    meta: { 'sallyport/caller': { principal: principal.id, kind: principal.kind, methods, requestId } },
  }
}

function withToken(token: string): Identification {
  return Object.freeze({
    headers: Object.freeze({ 'sallyport-token': token }),
    meta: Object.freeze({ 'sallyport/token': token }),
  })
}

/** As the registry of JWT has them: `amr` is how it was proved (RFC 8176), `act` who speaks for it (RFC 8693, 4.1). */
function claimsOf(
  { principal, methods, via }: AuthContext,
  upstream: UpstreamOptions,
  issuer: string,
): object {
  return {
    iss: issuer,
    sub: principal.id,
    aud: audienceOf(upstream),
    amr: methods,
    ...(via === undefined ? {} : { act: { sub: via } }),
  }
}

/** Its address, without what may be secret in it; of one without an address its name. */
function audienceOf({ name, transport }: UpstreamOptions): string {
  return transport.kind === 'http'
    ? `${transport.url.origin}${transport.url.pathname}`
    : `sallyport-upstream:${name}`
}

/** In the compact form (RFC 7515, 7.1). */
function signed(claims: object, { keyId, sign }: TokenSigner): string {
  const header = { alg: 'EdDSA', typ: 'sallyport-caller+jwt', kid: keyId }
  const signingInput = `${encoded(header)}.${encoded(claims)}`
  return `${signingInput}.${sign(signingInput).toString('base64url')}`
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
