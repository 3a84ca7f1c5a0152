import { z } from 'zod'
import type { RecordedArguments } from '../audit/event.ts'
import type { SealingKeys } from '../auth/mac.ts'
import type { ConfirmableCall, PendingConfirmation } from '../mcp/confirmations.ts'
import { openText, sealText, type SealedPlace } from '../auth/sealed-text.ts'

/** What a person can bring: a second factor of his own, or his approval of somebody else's call. */
export type ConfirmableNeed = Exclude<PendingConfirmation['need'], { readonly kind: 'certificate' }>

/** The call that waits, but for its arguments: what its person is shown. Times in ms since the epoch. */
export interface ConfirmationRequest {
  /** Digest of the call and of what it needs. */
  readonly call: string
  readonly need: ConfirmableNeed
  readonly principal: string
  readonly methods: readonly ('certificate' | 'session')[]
  readonly credential: string
  /** Where the caller came from, and the proxy that spoke for it; null for nothing to say. */
  readonly address: string | null
  readonly via: string | null
  readonly action: ConfirmableCall['action']
  readonly resource: string
  readonly recorded: RecordedArguments | null
  readonly askedAt: number
  readonly expiresAt: number
}

/** Who answered, and what he had proved. Times in ms since the epoch. */
export interface ConfirmationAnswer {
  readonly verdict: 'given' | 'refused'
  /** The name of the user. */
  readonly by: string
  /** His epoch when he answered: another one ends what he gave. */
  readonly epoch: number
  readonly authenticatedAt: number
  readonly mfaAt: number | null
  readonly address: string
  readonly at: number
  /** What was given is good until then. */
  readonly until: number
}

const time = z.int()
const text = z.string()

const REQUEST: z.ZodType<ConfirmationRequest> = z.strictObject({
  call: text,
  need: z.union([
    z.strictObject({ kind: z.literal('second_factor'), rule: text, within: z.number() }),
    z.strictObject({
      kind: z.literal('approval'),
      rule: text,
      by: z.strictObject({ role: text }),
      owner: text.nullable(),
    }),
  ]),
  principal: text,
  methods: z.array(z.enum(['certificate', 'session'])),
  credential: text,
  address: text.nullable(),
  via: text.nullable(),
  action: z.enum([
    'tools/list',
    'tools/call',
    'prompts/list',
    'prompts/get',
    'resources/list',
    'resources/templates/list',
    'resources/read',
    'resources/subscribe',
    'completion/complete',
  ]),
  resource: text,
  recorded: z
    .union([
      z.strictObject({ digest: text }),
      z.strictObject({ digest: text, names: z.array(text) }),
      z.strictObject({ digest: text, values: z.record(text, z.unknown()) }),
    ])
    .nullable(),
  askedAt: time,
  expiresAt: time,
})

const ANSWER: z.ZodType<ConfirmationAnswer> = z.strictObject({
  verdict: z.enum(['given', 'refused']),
  by: text,
  epoch: z.int(),
  authenticatedAt: time,
  mfaAt: time.nullable(),
  address: text,
  at: time,
  until: time,
})

type Part = 'request' | 'args' | 'answer'

/** Whoever can write to the store can neither answer nor change what is shown, and whoever reads it learns nothing. */
export function sealConfirmation(
  id: string,
  { request, args }: { readonly request: ConfirmationRequest; readonly args: string },
  [key]: SealingKeys,
): { readonly request: string; readonly args: string } {
  return {
    request: sealText(JSON.stringify(request), placeOf('request', id), key),
    args: sealText(args, placeOf('args', id), key),
  }
}

/** Seals an answer; good for this confirmation alone. */
export function sealAnswer(id: string, answer: ConfirmationAnswer, [key]: SealingKeys): string {
  return sealText(JSON.stringify(answer), placeOf('answer', id), key)
}

/** Fails closed: `undefined` for what was not sealed for this confirmation by one of the keys. */
export function openRequest(id: string, sealed: string, keys: SealingKeys): ConfirmationRequest | undefined {
  return read(opened('request', id, sealed, keys), REQUEST)
}

/** As {@link openRequest}. */
export function openAnswer(id: string, sealed: string, keys: SealingKeys): ConfirmationAnswer | undefined {
  return read(opened('answer', id, sealed, keys), ANSWER)
}

/** The arguments, in canonical JSON. As {@link openRequest}. */
export function openArgs(id: string, sealed: string, keys: SealingKeys): string | undefined {
  return opened('args', id, sealed, keys)
}

function opened(part: Part, id: string, sealed: string, keys: SealingKeys): string | undefined {
  for (const key of keys) {
    const plain = openText(sealed, placeOf(part, id), key)
    if (plain !== undefined) return plain
  }
  return undefined
}

function read<T>(plain: string | undefined, shape: z.ZodType<T>): T | undefined {
  return plain === undefined ? undefined : shape.safeParse(JSON.parse(plain)).data
}

function placeOf(part: Part, id: string): SealedPlace {
  return ['sallyport-confirmation-v1', part, id]
}
