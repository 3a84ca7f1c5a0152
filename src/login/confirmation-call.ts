import { canonicalJson } from '../audit/canonical-json.ts'
import { macOf, type MacParts, type SealingKeys } from '../auth/mac.ts'
import type { ConfirmableCall } from '../mcp/confirmations.ts'
import type { ConfirmableNeed } from './confirmation-seal.ts'

/** More arguments than this, in canonical JSON, nobody can be expected to read: they cannot be confirmed. */
const MOST_ARGS = 64 * 1024

/** The arguments as they are digested, kept and shown; `undefined` for more than anybody can read. */
export function confirmableArgs({ args }: ConfirmableCall): string | undefined {
  const text = canonicalJson(args)
  return Buffer.byteLength(text) <= MOST_ARGS ? text : undefined
}

/**
 * What names a call and one thing that it needs, under each of the keys, the newest first: principal, credentials,
 * method, name, arguments and rule. Another of any of them is another call.
 */
export function callDigests(
  { context, action, resource }: ConfirmableCall,
  args: string,
  need: ConfirmableNeed,
  keys: SealingKeys,
): readonly [string, ...string[]] {
  const { principal, credential, session = null, via = null } = context
  const parts: MacParts = [
    'sallyport-confirmation-call-v1',
    principal.id,
    credential,
    session,
    via,
    action,
    resource,
    args,
    canonicalJson(need),
  ]
  const [newest, ...older] = keys
  return [digest(parts, newest), ...older.map((key) => digest(parts, key))]
}

/** What names a principal whose calls wait. */
export function holderDigest(principal: string, [key]: SealingKeys): string {
  return digest(['sallyport-confirmation-holder-v1', principal], key)
}

function digest(parts: MacParts, key: SealingKeys[0]): string {
  return macOf(parts, key).toString('base64url')
}
