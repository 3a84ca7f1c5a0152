import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The absolute path of the program that a client or a service is to start: beside us, or in `src` of a published package. */
export function launcherPath(): string {
  const beside = new URL('./launch.js', import.meta.url)
  return fileURLToPath(existsSync(beside) ? beside : new URL('../../src/cli/launch.js', import.meta.url))
}
