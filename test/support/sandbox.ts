import { spawnSync } from 'node:child_process'

/** Why nothing can be tested in a sandbox on this machine; false where the least of all sandboxes works. */
export function withoutSandbox(): string | false {
  const { status, stderr, error } = spawnSync('bwrap', ['--unshare-user', '--ro-bind', '/', '/', 'true'], {
    encoding: 'utf8',
  })
  return status === 0 ? false : `bubblewrap does not work here: ${error?.message ?? stderr}`
}
