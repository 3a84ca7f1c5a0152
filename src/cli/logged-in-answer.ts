import * as z from 'zod'
import { slotOfToken } from '../auth/session-token.ts'
import { notADoor } from './people-door.ts'

const token = z.string().refine((text) => slotOfToken(text) !== undefined)

/** A session, as the door for people hands it out. */
export interface NewSession {
  readonly token: string
  readonly user: { readonly name: string; readonly roles: readonly string[] }
  /** ISO 8601. */
  readonly expiresAt: string
}

/** What a login comes to: a session, or a pending one and the step that it lacks. */
export type LoginAnswer =
  | ({ readonly next: null } & NewSession)
  | { readonly next: 'second_factor' | 'change_password' | 'enrol'; readonly pending: string }

const SHAPE: z.ZodType<LoginAnswer> = z.discriminatedUnion('next', [
  z.object({
    next: z.null(),
    token,
    user: z.object({ name: z.string().max(255), roles: z.array(z.string().max(255)).max(1_000) }),
    expiresAt: z.iso.datetime(),
  }),
  z.object({ next: z.enum(['second_factor', 'change_password', 'enrol']), pending: token }),
])

/**
 * Reads what a step of a login answered.
 *
 * @throws SallyportError `UNREACHABLE` for an answer that is none
 */
export function loginAnswer(body: Readonly<Record<string, unknown>>, origin: string): LoginAnswer {
  const read = SHAPE.safeParse(body)
  if (!read.success) throw notADoor(origin, 'answered with no session')
  return read.data
}
