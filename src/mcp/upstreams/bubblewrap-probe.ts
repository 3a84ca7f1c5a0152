import { execFile } from 'node:child_process'
import { bubblewrapArguments } from './bubblewrap.ts'
import { systemEntries } from './bubblewrap-entries.ts'
import { systemProgram } from './process-program.ts'
import { SYSTEM_PATH } from './process-host.ts'

/** Ms; it takes some ten. */
const LONGEST_PROBE = 10_000

/**
 * Why bubblewrap does not work here, in words for the operator, with what to do; `undefined` where it works. Tried once,
 * with all that an upstream's sandbox asks for: containers and hardened systems often forbid namespaces.
 *
 * @param node the Node that runs us, an absolute path
 */
export function bubblewrapProbe(node: string): () => Promise<string | undefined> {
  let found: Promise<string | undefined> | undefined
  return async () => (found ??= bubblewrapFault(node))
}

async function bubblewrapFault(node: string): Promise<string | undefined> {
  const [bwrap, env] = [await systemProgram('bwrap'), await systemProgram('env')]
  if (bwrap === undefined) return `bubblewrap is not installed: "apt-get install bubblewrap" brings it, ${OR}`
  const entries = await systemEntries(node)
  const args = bubblewrapArguments({ entries, network: false, temporary: 4096, cwd: '/', environment: {} })
  const failed = await failureOf(bwrap, [...args, '--', env ?? 'env'])
  return failed === undefined
    ? undefined
    : `bubblewrap does not work here (${failed}): allow user namespaces, ${OR}`
}

/** What there is beside bubblewrap. */
const OR =
  'or give the upstream a "user" or a "container", or "trusted: true" if it may read all that is Sallyport\'s'

async function failureOf(file: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { cwd: '/', env: { PATH: SYSTEM_PATH }, timeout: LONGEST_PROBE }
    execFile(file, args, options, (error, _, stderr) =>
      resolve(error === null ? undefined : stderr.trim().slice(0, 300) || 'it did not start'),
    )
  })
}
