import { relative } from 'node:path'
import { describe } from 'node:test'
import { pathToFileURL } from 'node:url'

/**
 * Runs test files one after the other in this process, each as a suite named by its path whose hooks are its own: what
 * they share is loaded and compiled once.
 *
 * @param files absolute
 * @param timeout for each file, in ms
 */
export function group(files: readonly string[], timeout: number): void {
  for (const file of files)
    describe(relative('.', file), { timeout }, async () => {
      await import(pathToFileURL(file).href)
    })
}
