import { spawn } from 'node:child_process'
import { SYSTEM_PATH } from './process-host.ts'

/**
 * Nothing of a caller or a configuration is in this text: the words come as arguments, and are not looked at again.
 * A shell has `kill` built in, which a small system lacks as a program, and is a fortieth of the size of Node.
 */
const WAIT_THEN_RUN = 'read -r _; "$@"'

/**
 * Starts a tiny process that runs a command line when this process is gone, however it went: nothing is ever written to
 * the pipe that it waits for, and the kernel closes that.
 *
 * @returns ends it without running anything; fulfilled when it is gone
 */
export function startGuard(line: readonly string[]): () => Promise<void> {
  const guard = spawn('/bin/sh', ['-c', WAIT_THEN_RUN, 'sh', ...line], {
    cwd: '/',
    detached: true,
    env: { PATH: SYSTEM_PATH },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Where it does not start, a process outlives only a server that was killed.
  const gone = new Promise<void>((resolve) =>
    guard.once('exit', () => resolve()).once('error', () => resolve()),
  )
  guard.stdin?.on('error', () => undefined)
  guard.unref()
  return async () => {
    guard.ref()
    guard.kill('SIGKILL')
    await gone
  }
}
