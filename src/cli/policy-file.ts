import { createHash } from 'node:crypto'
import type { Policy } from '../access/decision.ts'
import { parseAccessDocument } from '../access/document.ts'
import { createPolicy } from '../access/policy.ts'
import { SallyportError } from '../errors.ts'
import { followFiles, type FollowedFiles } from './followed-files.ts'

/** No policy is larger than this many bytes. */
const LARGEST = 1_048_576

/**
 * The access policy of a file, kept up to date.
 *
 * @throws SallyportError `POLICY_INVALID` if there is no good policy to begin with
 */
export async function policyFile(path: string): Promise<FollowedFiles<Policy>> {
  const help = 'put it back, or "npx sallyport init" makes a new one'
  return followFiles(
    {
      files: [{ path, what: 'the access policy', largest: LARGEST, secret: false, help }],
      judge: (text) => ({ value: policyOf(text(path), path) }),
      // One file has no other to wait for.
      patience: 0,
    },
    (problem) => new SallyportError('POLICY_INVALID', problem),
  )
}

function policyOf(text: string, path: string): Policy {
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
  return createPolicy(parseAccessDocument(text, path), digest)
}
