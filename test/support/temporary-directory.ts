import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** What could not be removed while something still wrote there. */
const left = new Set<string>()
process.once('exit', () => {
  for (const directory of left) rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
})

/**
 * A new directory for one test, gone when the test ends, or at the latest with the process: what the test stops in a
 * later hook may still write there, and a hook that fails would keep it from being stopped.
 */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-test-'))
  left.add(directory)
  t.after(async () => {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 }).then(
      () => left.delete(directory),
      () => undefined,
    )
  })
  return directory
}
