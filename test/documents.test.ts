import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { codeIn } from './support/document.ts'

const ROOT = join(import.meta.dirname, '..')

/** The rows of all tables of a document that say which test shows what. */
function promisesIn(document: string): readonly string[] {
  const tables = readFileSync(join(ROOT, document), 'utf8').split('\n\n')
  return tables
    .filter((table) => /^\|.*\| test that shows it \|$/m.test(table))
    .flatMap((table) =>
      table
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .slice(2),
    )
}

/** Whether a test is there, by the way that ARCHITECTURE.md names it: `e2e/pages-need-csrf`, `access/cel-*`. */
function isTest(name: string): boolean {
  return globSync(`{test/,}${name}{,.ts,.test.ts,.soak.ts}`, { cwd: ROOT }).length > 0
}

test('every promise of ARCHITECTURE.md has a test that is there', () => {
  const promises = promisesIn('ARCHITECTURE.md')
  assert.ok(promises.length > 20)
  for (const promise of promises) {
    const names = codeIn(promise.slice(promise.lastIndexOf('|', promise.length - 2))).filter(
      (name) => !name.startsWith('npm run '),
    )
    assert.ok(names.length > 0 || promise.includes('npm run '), promise)
    for (const name of names) assert.ok(isTest(name), `there is no ${name}: ${promise}`)
  }
})

test('every document that another one points to is there', () => {
  const documents = readdirSync(ROOT).filter((name) => name.endsWith('.md'))
  for (const document of documents) {
    const text = readFileSync(join(ROOT, document), 'utf8')
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g))
      assert.ok(existsSync(join(ROOT, target)), `${document} points to ${target}`)
  }
})
