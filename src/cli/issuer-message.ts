import type { Socket } from 'node:net'
import * as z from 'zod'
import type { IssuerAnswer } from '../http/issuer.ts'

/** What is asked of the issuer: one line of JSON each, answered by one line of JSON. */
export type IssuerRequest =
  | { readonly id: number; readonly op: 'renew'; readonly certificate: string; readonly request: string }
  | { readonly id: number; readonly op: 'enroll'; readonly token: string; readonly request: string }
  /** The root certificate, which also shows that somebody answers. */
  | { readonly id: number; readonly op: 'root' }

/** What it says. */
export type IssuerReply = { readonly id: number } & (
  | IssuerAnswer
  | { readonly kind: 'root'; readonly certificate: string }
)

/** Longest line, in bytes, either way; two certificates and a request are a tenth of it. */
export const LONGEST_LINE: number = 64 * 1024

const id = z.int().min(0)
const text = z.string().max(LONGEST_LINE)

const requestShape: z.ZodType<IssuerRequest> = z.discriminatedUnion('op', [
  z.strictObject({ id, op: z.literal('renew'), certificate: text, request: text }),
  z.strictObject({ id, op: z.literal('enroll'), token: text, request: text }),
  z.strictObject({ id, op: z.literal('root') }),
])

const replyShape: z.ZodType<IssuerReply> = z.discriminatedUnion('kind', [
  z.strictObject({
    id,
    kind: z.literal('issued'),
    issued: z.strictObject({
      principal: text,
      certificate: text,
      serial: text,
      thumbprint: text,
      expiresAt: z.number(),
    }),
  }),
  z.strictObject({
    id,
    kind: z.literal('refused'),
    reason: z.enum([
      'certificate_request_refused',
      'enrolment_token_invalid',
      'renewal_refused',
      'rate_limited',
      'issuer_unavailable',
    ]),
  }),
  z.strictObject({ id, kind: z.literal('root'), certificate: text }),
])

/** Reads a line that was sent to the issuer; `undefined` for what is none. */
export function parseRequest(line: string): IssuerRequest | undefined {
  return parse(requestShape, line)
}

/** Reads a line that the issuer sent; `undefined` for what is none. */
export function parseReply(line: string): IssuerReply | undefined {
  return parse(replyShape, line)
}

function parse<T>(shape: z.ZodType<T>, line: string): T | undefined {
  try {
    return shape.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

/** Lines that come in on a socket, without their breaks. Ends with the socket, and at a line that is too long. */
export async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = Buffer.alloc(0)
  for await (const chunk of socket) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('the socket is read as bytes')
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      yield rest.subarray(0, end).toString('utf8')
      rest = rest.subarray(end + 1)
    }
    if (rest.length > LONGEST_LINE) return
  }
}
