import type { Policy } from '../access/decision.ts'
import { misfitsOf } from '../access/misfits.ts'
import { readPolicy } from '../access/read-policy.ts'
import type { Surface, SurfaceEntry } from '../access/surface.ts'
import { SallyportError } from '../errors.ts'
import { followFiles, type FollowedFiles } from './followed-files.ts'

/** No policy is larger than this many bytes. */
const LARGEST = 1_048_576

/** The access policy, kept up to date with its file, and with what there is to decide on. */
export interface FollowedPolicy extends FollowedFiles<Policy> {
  /**
   * Takes another surface, for which the policy in force is compiled. What of upstreams its rules do not fit is not
   * decided on: see {@link FollowedPolicy.misfits}.
   */
  fit(surface: Surface): void
  /** Entries of upstreams that rules of the policy in force do not fit, and that nobody may be served. */
  misfits(): readonly SurfaceEntry[]
}

interface Fitted {
  readonly text: string
  readonly policy: Policy
  readonly misfits: readonly SurfaceEntry[]
}

/**
 * The access policy of a file, kept up to date, for what there is to decide on. An edit that does not fit is refused; a
 * definition of an upstream that the policy in force does not fit is set aside, since it is the upstream that has changed.
 *
 * @throws SallyportError `POLICY_INVALID` if there is no good policy to begin with
 */
export async function policyFile(path: string, first: Surface): Promise<FollowedPolicy> {
  const help = 'put it back, or "npx sallyport init" makes a new one'
  let surface = first
  const fitted = (text: string, mayBeUnfit: readonly SurfaceEntry[]): Fitted => {
    const misfits = new Set(misfitsOf(text, path, mayBeUnfit))
    const rest = surface.filter((entry) => !misfits.has(entry))
    return { text, policy: readPolicy(text, path, rest).policy, misfits: [...misfits] }
  }
  const ofUpstreams = (): readonly SurfaceEntry[] => surface.filter(({ upstream }) => upstream !== null)
  let adapted: { readonly from: Fitted; readonly to: Fitted } | undefined
  const files = await followFiles<Fitted>(
    {
      files: [{ path, what: 'the access policy', largest: LARGEST, secret: false, help }],
      judge: (text, inForce) => ({
        // Only what was set aside already may go on not to fit.
        value: fitted(text(path), inForce === undefined ? ofUpstreams() : current().misfits),
      }),
      // One file has no other to wait for.
      patience: 0,
    },
    (problem) => new SallyportError('POLICY_INVALID', problem),
  )
  function current(): Fitted {
    const taken = files.current()
    return adapted?.from === taken ? adapted.to : taken
  }
  return {
    ...files,
    current: () => current().policy,
    misfits: () => current().misfits,
    fit(next) {
      surface = next
      adapted = { from: files.current(), to: fitted(files.current().text, ofUpstreams()) }
    },
    follow({ onLoaded, onRejected }) {
      files.follow({ onLoaded: ({ policy }) => onLoaded(policy), onRejected })
    },
  }
}
