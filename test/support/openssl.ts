import { spawnSync } from 'node:child_process'

/** What the real openssl said: its exit code and everything it printed. */
export function openssl(...args: readonly string[]): { readonly ok: boolean; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (error !== undefined) throw error
  return { ok: status === 0, output: stdout + stderr }
}
