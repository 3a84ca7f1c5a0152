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
 * @returns ends it without running anything
 */
export function startGuard(line: readonly string[]): () => void {
  const guard = spawn('/bin/sh', ['-c', WAIT_THEN_RUN, 'sh', ...line], {
    cwd: '/',
    detached: true,
    env: { PATH: SYSTEM_PATH },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Where it does not start, a process outlives only a server that was killed.
  guard.on('error', () => undefined)
  guard.stdin?.on('error', () => undefined)
  guard.unref()
  return () => void guard.kill('SIGKILL')
}
