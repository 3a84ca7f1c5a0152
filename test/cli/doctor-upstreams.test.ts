import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Finding } from '../../src/cli/doctor-finding.ts'
import { upstreams } from '../../src/cli/doctor-upstreams.ts'
import { writeLockFile } from '../../src/cli/lock-file.ts'
import { loadConfig } from '../../src/config/config.ts'
import { pinsOf, toolNamed } from '../support/definitions.ts'
import { installation } from '../support/installation.ts'

/** What is found of these upstreams, as in `problem: what: help`. */
async function found(t: TestContext, settings: string, pinned: readonly string[] = []): Promise<string[]> {
  const at = await installation()
  t.after(async () => at.remove())
  await writeFile(join(at.cwd, 'sallyport.yaml'), `upstreams:\n${settings}`)
  const config = loadConfig({}, at.cwd)
  const pins = Object.fromEntries(pinned.map((name) => [name, [toolNamed('search')]]))
  await writeLockFile(config.pins.file, () => pinsOf(pins))
  const findings = await upstreams.run({ config, now: Date.now, isFixing: false })
  return findings.map(
    ({ state, what, help }: Finding) => `${state}: ${what}${help === null ? '' : `: ${help}`}`,
  )
}

test('every process that could not be started is a problem of its own, whatever keeps it apart', async (t) => {
  const [all, startable, files, git, ...others] = await found(
    t,
    `  files: { command: no-such-program, trusted: true }
  git: { command: sh, user: nobody-of-that-name }
  shell: { command: sh, trusted: true }
  wiki: { url: "https://wiki.internal/mcp" }
`,
    ['files', 'git', 'shell', 'wiki'],
  )
  assert.match(all ?? '', /^ok: 4 upstream\(s\) configured, 4 of them approved/)
  assert.equal(startable, 'ok: 1 upstream(s) can be started, kept apart as configured')
  assert.match(
    files ?? '',
    /^problem: "files" cannot be started: The command "no-such-program" was not found/,
  )
  assert.match(git ?? '', /^problem: "git" cannot be started: .*"nobody-of-that-name"/)
  assert.deepEqual(others, [
    'warning: "files" is trusted and can read everything that is ours: leave "trusted" out if it need not',
    'warning: "shell" is trusted and can read everything that is ours: leave "trusted" out if it need not',
  ])
})

test('what is not approved, and what is approved of nobody, is told; and what has no network to load its program', async (t) => {
  const findings = await found(t, '  files: { command: npx, args: [ "-y", files-server ] }\n', ['gone'])
  const warnings = findings.filter((line) => line.startsWith('warning'))
  assert.equal(warnings.length, 3)
  assert.match(
    warnings[0] ?? '',
    /"files" is started by npx, which fetches packages, and has no network: install/,
  )
  assert.match(
    warnings[1] ?? '',
    /nothing of "files" was ever approved.*: "npx sallyport lock approve files"/,
  )
  assert.match(
    warnings[2] ?? '',
    /has "gone", which is no upstream here: "npx sallyport lock remove gone" takes it out/,
  )
})

test('where there are no upstreams, there is nothing to say', async (t) => {
  assert.deepEqual(await found(t, '  files: { command: sh, disabled: true }\n'), [])
})
