import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'

/** Lines that break a folder rule, each in the folder where it does. */
const VIOLATIONS: readonly (readonly [folder: string, line: string])[] = [
  ['src/auth', `import { createPolicy } from '../access/policy.ts'`],
  ['src/auth', `import type { Policy } from '../access/decision.ts'`],
  ['src/auth', `export type { Policy } from '../access/decision.ts'`],
  ['src/auth', `export const policy = await import('../access/policy.ts')`],
  ['src/auth', `import { readFileSync } from 'node:fs'`],
  ['src/auth', `import tls from 'tls'`],
  ['src/auth', `import { z } from 'zod'`],
  ['src/pki', `import { digestOf } from '../auth/session-token.ts'`],
  ['src/pki', `import { loadConfig } from '../config/config.ts'`],
  ['src/config', `import { slotOf } from '../auth/session-token.ts'`],
  ['src/config', `import { authorityFiles } from '../pki/files.ts'`],
  ['src/access', `import { createGuard } from '../mcp/guard.ts'`],
  ['src/access', `import { readFileSync } from 'node:fs'`],
  ['src/access', `import { digestOf } from '../auth/session-token.ts'`],
  ['src/audit', `import { createPolicy } from '../access/policy.ts'`],
  ['src/audit', `import type { Store } from '../store/store.ts'`],
  ['src/store', `import { slotOf } from '../auth/session-token.ts'`],
  ['src/store', `import { createCatalog } from '../mcp/catalog.ts'`],
  ['src/login', `import { createPolicy } from '../access/policy.ts'`],
  ['src/login', `import { openStore } from '../store/open.ts'`],
  ['src/login', `import { createEndpoint } from '../mcp/endpoint.ts'`],
  ['src/login/pages', `import { digestOf } from '../../auth/session-token.ts'`],
  ['src/mcp', `import { digestOf } from '../auth/session-token.ts'`],
  ['src/mcp', `import { certificateOf } from '../http/certificate-of.ts'`],
  ['src/mcp', `import { createServer } from 'node:https'`],
  ['src/mcp/upstreams', `import { openStore } from '../../store/open.ts'`],
  ['src/mcp/upstreams', `import { loadConfig } from '../../config/config.ts'`],
  ['src/mcp/upstreams', `import { pino } from 'pino'`],
  ['src/wire', `import { createGuard } from '../mcp/guard.ts'`],
  ['src/wire', `import { request } from 'undici'`],
  ['src/tools', `import { createGuard } from '../mcp/guard.ts'`],
  ['src/tools', `import { createCatalog } from '../mcp/catalog.ts'`],
  ['src/tools', `import { openStore } from '../store/open.ts'`],
  ['src/http', `import { createCatalog } from '../mcp/catalog.ts'`],
  ['src/http', `import type { ToolDefinition } from '../mcp/tool.ts'`],
  ['src/http', `import { createGuard } from './../mcp/guard.ts'`],
  ['src/http', `import { noteTools } from '../tools/notes.ts'`],
  ['src/http', `import { createServer } from '@modelcontextprotocol/server'`],
  ['src', `import { loadConfig } from './config/config.ts'`],
  ['src', `import { print } from './cli/print.ts'`],
  ['src/auth', `export const fs = process.getBuiltinModule('node:fs')`],
  ['src/http', `export const home = process.env['HOME']`],
  ['src/http', `console.log('hello')`],
]

/** Lines that keep to the rules, to see that the checker does not object to everything. */
const KEPT: readonly (readonly [folder: string, line: string])[] = [
  ['src/http', `export { createEndpoint } from '../mcp/endpoint.ts'`],
  ['src/store', `export type { User } from '../login/user.ts'`],
  ['src/mcp', `export type { AuthContext } from '../auth/context.ts'`],
  ['src/mcp/upstreams', `export { readMessages } from '../../wire/message.ts'`],
  ['src/tools', `export { defineTool } from '../mcp/tool.ts'`],
  ['src/login', `export type { Confirmations } from '../mcp/confirmations.ts'`],
  ['src/cli', `export { createServer } from '../server.ts'`],
]

const root = resolve(import.meta.dirname, '..')
let copy: string
let findings: ReadonlyMap<string, string>

before(() => {
  copy = mkdtempSync(join(tmpdir(), 'sallyport-rules-'))
  for (const path of ['src', 'tsconfig.json', 'package.json', '.oxlintrc.json'])
    cpSync(join(root, path), join(copy, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  VIOLATIONS.forEach(([folder, line], index) => plant(folder, `planted-${index}`, line))
  KEPT.forEach(([folder, line], index) => plant(folder, `kept-${index}`, line))
  writeFileSync(
    join(copy, 'src/tools/loop-a.ts'),
    `export type { B } from './loop-b.ts'\nexport type A = 1\n`,
  )
  writeFileSync(
    join(copy, 'src/tools/loop-b.ts'),
    `export type { A } from './loop-a.ts'\nexport type B = 1\n`,
  )
  findings = lint(copy)
})
after(() => {
  rmSync(copy, { recursive: true })
})

function plant(folder: string, name: string, line: string): void {
  // Top-level rules are those of server.ts, so what is planted there goes into it.
  const file = folder === 'src' ? 'src/server.ts' : `${folder}/${name}.ts`
  writeFileSync(join(copy, file), `${line}\n`, { flag: folder === 'src' ? 'a' : 'w' })
}

/** Findings by file, as one text each. */
function lint(directory: string): ReadonlyMap<string, string> {
  const bin = join(root, 'node_modules/.bin/oxlint')
  const { stdout } = spawnSync(bin, ['-f', 'json', 'src'], { cwd: directory, encoding: 'utf8' })
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { filename: string; message: string; help?: string }[]
  }
  const byFile = new Map<string, string>()
  for (const { filename, message, help } of diagnostics)
    byFile.set(filename, `${byFile.get(filename) ?? ''}\n${message} ${help ?? ''}`)
  return byFile
}

VIOLATIONS.forEach(([folder, line], index) => {
  const file = folder === 'src' ? 'src/server.ts' : `${folder}/planted-${index}.ts`
  test(`${folder} may not: ${line}`, () => {
    assert.match(
      findings.get(file) ?? 'no finding',
      /may import only|import neither|imports only|belongs to another folder|imports nothing|Prefer `node:|builtins are imported|environment is read|console/,
    )
  })
})

KEPT.forEach(([folder, line], index) => {
  test(`${folder} may: ${line}`, () => {
    assert.doesNotMatch(findings.get(`${folder}/kept-${index}.ts`) ?? '', /import|folder/)
  })
})

test('a loop through type imports is found', () => {
  assert.match(findings.get('src/tools/loop-a.ts') ?? findings.get('src/tools/loop-b.ts') ?? '', /cycle/i)
})

test('the tree as it is has no finding', () => {
  assert.deepEqual([...lint(root).entries()], [])
})
