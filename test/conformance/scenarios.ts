import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'

/** Revisions of the protocol whose requirements are checked. */
export const REVISIONS = ['2026-07-28', '2025-11-25'] as const

export type Revision = (typeof REVISIONS)[number]

/** What became of one scenario: how many of its checks passed and failed; `undefined`: it did not run to its end. */
export interface Scenario {
  readonly name: string
  /** Others are run to be looked at: extensions, and what was added later. */
  readonly isRequired: boolean
  readonly checks: { readonly passed: number; readonly failed: number } | undefined
}

const TOOL = dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'))

/**
 * Runs what a revision requires of a server, with the conformance tool in a process of its own.
 *
 * @param folder gets what the tool writes; made here
 * @returns the required scenarios, in their order, and then the others
 */
export async function runScenarios(
  url: string,
  revision: Revision,
  folder: string,
): Promise<readonly Scenario[]> {
  await mkdir(folder, { recursive: true })
  const output = join(folder, 'output.txt')
  const args = ['server', '--url', url, '--requirements', revision, '--verbose', '--output-dir', folder]
  const child = spawn(process.execPath, [join(TOOL, 'dist', 'index.js'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createWriteStream(output)
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  await once(child, 'close')
  await new Promise<void>((resolve) => log.end(resolve))
  const ran = summaryOf(await readFile(output, 'utf8'))
  const names = await required(revision)
  const others = [...ran.keys()].filter((name) => !names.includes(name))
  return [
    ...names.map((name) => ({ name, isRequired: true, checks: ran.get(name) })),
    ...others.map((name) => ({ name, isRequired: false, checks: ran.get(name) })),
  ]
}

async function required(revision: Revision): Promise<readonly string[]> {
  const { server } = parse(await readFile(join(TOOL, 'requirements', `${revision}.yaml`), 'utf8')) as {
    server: string[]
  }
  return server
}

/** Its summary has a line for each scenario: `✓ tools-list: 2 passed, 0 failed`. */
function summaryOf(text: string): ReadonlyMap<string, { passed: number; failed: number }> {
  const lines = text.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gmu)
  return new Map(
    [...lines].map(([, name = '', passed, failed]) => [
      name,
      { passed: Number(passed), failed: Number(failed) },
    ]),
  )
}
