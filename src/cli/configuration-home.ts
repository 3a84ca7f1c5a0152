import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where this user's own settings and secrets are, for no installation in particular. */
export function configurationHome(env: Readonly<Record<string, string | undefined>>): string {
  const home = env['XDG_CONFIG_HOME']
  // Relative values are to be ignored (XDG Base Directory Specification).
  return join(home?.startsWith('/') === true ? home : join(homedir(), '.config'), 'sallyport')
}
