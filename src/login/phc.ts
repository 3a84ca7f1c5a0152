import { argon2, type Argon2Parameters } from 'node:crypto'

/** The cost of one argon2id hash (RFC 9106). */
export interface HashCost {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

/** An argon2id hash in the PHC string format, taken apart. */
export interface PhcHash {
  readonly cost: HashCost
  readonly salt: Buffer
  readonly tag: Buffer
}

/** What OWASP's Password Storage Cheat Sheet names first for argon2id: 19 MiB, two passes, one lane. */
export const DEFAULT_COST: HashCost = Object.freeze({ memory: 19_456, passes: 2, parallelism: 1 })

/** Beyond these a stored hash is not run: whoever could write one could otherwise stop the server with it. */
const MOST: HashCost = { memory: 262_144, passes: 4, parallelism: 8 }

const PHC =
  /^\$argon2id\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** Reads a PHC string. Fails closed: `undefined` for another algorithm, another shape or absurd costs. */
export function parsePhc(text: string): PhcHash | undefined {
  const [, memory, passes, parallelism, salt = '', tag = ''] = PHC.exec(text) ?? []
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  if (!isSane(cost)) return undefined
  return { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}

/** Writes a PHC string. */
export function phcString({ cost, salt, tag }: PhcHash): string {
  const { memory, passes, parallelism } = cost
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

/** Runs argon2id once; on the thread pool, not on the event loop. */
export async function argon2id(
  password: string,
  salt: Buffer,
  { memory, passes, parallelism }: HashCost,
  tagLength: number,
): Promise<Buffer> {
  const message = Buffer.from(password, 'utf8')
  const parameters: Argon2Parameters = { message, nonce: salt, memory, passes, parallelism, tagLength }
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)))
  })
}

function isSane({ memory, passes, parallelism }: HashCost): boolean {
  return (
    passes >= 1 &&
    passes <= MOST.passes &&
    parallelism >= 1 &&
    parallelism <= MOST.parallelism &&
    memory >= 8 * parallelism &&
    memory <= MOST.memory
  )
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
