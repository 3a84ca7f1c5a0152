import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

/** Every requirement of level 1 (with a star) and 2 of the chapters that SECURITY.md answers (OWASP ASVS 5.0.0). */
const REQUIREMENTS = `
  6.1.1* 6.1.2 6.1.3 6.2.1* 6.2.2* 6.2.3* 6.2.4* 6.2.5* 6.2.6* 6.2.7* 6.2.8* 6.2.9 6.2.10 6.2.11 6.2.12
  6.3.1* 6.3.2* 6.3.3 6.3.4 6.4.1* 6.4.2* 6.4.3 6.4.4 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5 6.6.1 6.6.2 6.6.3
  6.8.1 6.8.2 6.8.3 6.8.4
  7.1.1 7.1.2 7.1.3 7.2.1* 7.2.2* 7.2.3* 7.2.4* 7.3.1 7.3.2 7.4.1* 7.4.2* 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 7.6.1 7.6.2
  8.1.1* 8.1.2 8.2.1* 8.2.2* 8.2.3 8.3.1* 8.4.1
  12.1.1* 12.1.2 12.1.3 12.2.1* 12.2.2* 12.3.1 12.3.2 12.3.3 12.3.4
  14.1.1 14.1.2 14.2.1* 14.2.2 14.2.3 14.2.4 14.3.1* 14.3.2 14.3.3
  16.1.1 16.2.1 16.2.2 16.2.3 16.2.4 16.2.5 16.3.1 16.3.2 16.3.3 16.3.4 16.4.1 16.4.2 16.4.3 16.5.1 16.5.2 16.5.3`
  .trim()
  .split(/\s+/)

interface Row {
  readonly id: string
  readonly level: string
  readonly verdict: string
  readonly how: string
}

const security = await readFile(join(import.meta.dirname, '../SECURITY.md'), 'utf8')
const rows = security.split('\n').flatMap((line): Row[] => {
  const [, id = '', level = '', verdict = '', how = ''] =
    /^\| ([0-9]+(?:\.[0-9]+){2}) \| ([12]) \| ([a-z ]+) \| (.+) \|$/.exec(line) ?? []
  return id === '' ? [] : [{ id, level, verdict, how }]
})

/** The numbers that begin the names of tests. */
async function testedIds(): Promise<ReadonlySet<string>> {
  const names = await readdir(import.meta.dirname, { recursive: true })
  const files = names.filter((name) => /\.(?:test|soak)\.ts$|contract\.ts$/.test(name))
  const texts = await Promise.all(files.map((name) => readFile(join(import.meta.dirname, name), 'utf8')))
  const titles = texts.flatMap((text) => text.match(/\b(?:test|describe)\(\s*['"`]ASVS [^:'"`]+: /g) ?? [])
  return new Set(titles.flatMap((title) => title.match(/[0-9]+(?:\.[0-9]+){2}/g) ?? []))
}

test('the table of the ASVS has every requirement of level 1 and 2, once and in order', () => {
  assert.deepEqual(
    rows.map(({ id, level }) => (level === '1' ? `${id}*` : id)),
    REQUIREMENTS,
  )
})

test('a requirement is met, met in part, or does not apply, and the table says how or why', () => {
  for (const { id, verdict, how } of rows) {
    assert.ok(['met', 'in part', 'does not apply'].includes(verdict), id)
    assert.ok(how.length > 2, id)
  }
})

test('whatever is met, also in part, has a test that is named by its number', async () => {
  const tested = await testedIds()
  const wanted = rows.filter(({ verdict }) => verdict !== 'does not apply').map(({ id }) => id)
  assert.deepEqual(
    wanted.filter((id) => !tested.has(id)),
    [],
  )
  const excused = rows.filter(({ verdict }) => verdict === 'does not apply').map(({ id }) => id)
  assert.deepEqual(
    excused.filter((id) => tested.has(id)),
    [],
  )
})

test('the counts above the table are those of the table', () => {
  const count = (verdict: string): number => rows.filter((row) => row.verdict === verdict).length
  assert.ok(
    security.includes(
      `Of ${rows.length} requirements ${count('met')} are met, ${count('in part')} in part, and ${count('does not apply')} do not apply.`,
    ),
  )
})
