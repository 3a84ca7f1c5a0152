import type { Policy } from '../access/decision.ts'
import { readPolicy } from '../access/read-policy.ts'
import type { Surface } from '../access/surface.ts'
import { SallyportError } from '../errors.ts'
import { followFiles, type FollowedFiles } from './followed-files.ts'

/** No policy is larger than this many bytes. */
const LARGEST = 1_048_576

/**
 * The access policy of a file, kept up to date, for what there is to decide on.
 *
 * @throws SallyportError `POLICY_INVALID` if there is no good policy to begin with
 */
export async function policyFile(path: string, surface: Surface): Promise<FollowedFiles<Policy>> {
  const help = 'put it back, or "npx sallyport init" makes a new one'
  return followFiles(
    {
      files: [{ path, what: 'the access policy', largest: LARGEST, secret: false, help }],
      judge: (text) => ({ value: readPolicy(text(path), path, surface).policy }),
      // One file has no other to wait for.
      patience: 0,
    },
    (problem) => new SallyportError('POLICY_INVALID', problem),
  )
}
