import type * as z from 'zod'
import { duration, path, strict } from './shapes.ts'

/** How upstreams are told who calls, where they are configured for tokens. */
export interface IdentitySettings {
  readonly keyFile: string
  /** In ms. */
  readonly tokenLife: number
}

/** Less, and a token that is used again until half of it is over could end on its way. In ms. */
const SHORTEST = 10_000
/** In ms. */
const LONGEST = 300_000

/** Validates the section `identity`. */
export const identitySchema: z.ZodType<IdentitySettings> = strict({
  keyFile: path('data/identity-key').describe(
    'Signs what upstreams are told of who calls; made where it is missing. Several nodes must share it.',
  ),
  tokenLife: duration('60s', 'How long such a token is good: from 10s to 5m.').refine(
    (ms) => ms >= SHORTEST && ms <= LONGEST,
    'must be from 10s to 5m',
  ),
}).prefault({})
