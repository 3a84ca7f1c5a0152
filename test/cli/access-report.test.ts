import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import type { Answer, Matrix } from '../../src/cli/access-matrix.ts'
import { csvCell, matrixCsv } from '../../src/cli/matrix-csv.ts'
import { matrixHtml } from '../../src/cli/matrix-html.ts'
import { matrixTable } from '../../src/cli/matrix-table.ts'
import { startBrowser } from '../support/browser.ts'
import { inProcess } from '../support/in-process.ts'
import { assertAccessible, looksFrom, objectionsOn, picture } from '../support/pages.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const ANSWERS: readonly Answer[] = ['yes', 'no', 'no', 'depends', 'second factor', 'approval', 'certificate']
const EVIL = '<img src=x onerror=alert(1)>'

/** Everybody may do something else with everything. */
function matrixOf(principals: number, tools: number): Matrix {
  const subjects = Array.from({ length: principals }, (_, at) => ({
    name: at === 0 ? 'certificate spiffe://corp.example/ci/* of CN=Corp CA,O=Corp' : `user:person-${at}`,
    principals: [],
    supposition: {},
    groups: at % 4 === 1 ? ['sre'] : [],
  }))
  const things = Array.from({ length: tools }, (_, at) => ({
    kind: at < tools - 2 ? ('tool' as const) : ('resource' as const),
    name: at < tools - 2 ? `area${Math.floor(at / 6)}_verb_number_${at}` : `thing${at}://{id}`,
    permission: `area:verb${at}` as const,
    upstream: null,
    annotations: null,
    inputSchema: {},
  }))
  const cells = things.map((_thing, row) =>
    subjects.map((_subject, column) => ({
      answer: ANSWERS[(row * 3 + column * 5) % ANSWERS.length] ?? 'no',
      rule: column === 1 ? 'some-rule' : null,
      because: row === 0 ? EVIL : `because of ${row} and ${column}`,
    })),
  )
  return {
    policy: { file: 'access.yaml', digest: `sha256:${'ab'.repeat(32)}` },
    at: 0,
    subjects,
    things,
    cells,
  }
}

describe('the report as a page', () => {
  let browser: Browser
  before(async () => {
    browser = await startBrowser()
  })
  after(async () => await browser.close())

  for (const [look, options] of looksFrom('phone-light'))
    test(`reads without scripts and without a request, ${look}`, async (t) => {
      const file = join(await temporaryDirectory(t), 'access.html')
      await writeFile(file, matrixHtml(matrixOf(20, 60)))
      const context = await browser.newContext({ ...options, javaScriptEnabled: false })
      t.after(async () => await context.close())
      const page = await context.newPage()
      const requests: string[] = []
      page.on('request', (request) => requests.push(request.url()))
      await page.goto(`file://${file}`)
      assert.deepEqual(requests, [`file://${file}`])
      assert.equal(await page.getByRole('searchbox').count(), 0)
      const cell = page.getByRole('row', { name: 'area0_verb_number_1 ' }).getByRole('cell').nth(2)
      assert.match((await cell.textContent()) ?? '', /yes|no|depends|second factor|approval|certificate/)
      await page.locator('summary', { hasText: /^\s*user:person-1\s/ }).click()
      await page.locator('details[open]').getByText(EVIL).waitFor()
      await picture(page, look, 'access-report')
    })

  test('is filtered by what is typed, by its own script and style alone', async (t) => {
    const file = join(await temporaryDirectory(t), 'access.html')
    await writeFile(file, matrixHtml(matrixOf(5, 12)))
    assert.match(await readFile(file, 'utf8'), /content="default-src &#39;none&#39;; style-src &#39;sha256-/)
    const page = await browser.newPage()
    t.after(async () => await page.close())
    const objections = objectionsOn(page)
    await page.goto(`file://${file}`)
    await page.getByRole('searchbox', { name: 'Principal' }).fill('user:person-3')
    await page.getByRole('searchbox', { name: 'Tool' }).fill('number_7')
    assert.equal(await page.getByRole('status').textContent(), '1 × 1')
    assert.equal(await page.locator('#matrix .thing:visible').count(), 1)
    assert.equal(await page.locator('#matrix .thing:visible td:visible').count(), 1)
    assert.equal(await page.locator('.subject:visible').count(), 1)
    const outside = await page.evaluate<number>(`document.documentElement.scrollWidth - innerWidth`)
    assert.ok(outside <= 0)
    assert.deepEqual(objections, [])
  })

  test('can be used by keyboard and by whoever does not see it', async (t) => {
    // What looks at pages puts a script into them, which the policy of their content rightly refuses.
    const markup = matrixHtml(matrixOf(5, 12)).replace(/<meta http-equiv[^>]*>/, '')
    const page = await browser.newPage()
    t.after(async () => await page.close())
    await page.setContent(markup)
    await assertAccessible(page, 'access report')
    for (const width of [320, 360]) {
      await page.setViewportSize({ width, height: 700 })
      const wide = await page.evaluate<number>(`document.documentElement.scrollWidth`)
      assert.ok(wide <= width, `${wide} in ${width}`)
    }
  })
})

describe('the report of a policy', () => {
  const cwd = join(import.meta.dirname, '../golden/access')

  test('says who may do what, in all circumstances that its conditions speak of', async () => {
    const { code, stdout, stderr } = await inProcess(['access', 'report', '--json'], { cwd })
    assert.equal(code, 0, stderr)
    const { answers } = JSON.parse(stdout) as { answers: Record<string, string>[] }
    const expected: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      'service:demo': { notes_list: 'yes', notes_read: 'depends', notes_write: 'no', whoami: 'yes' },
      // Only with a second factor that is not eight hours old; in production only in the hours of the office.
      'user:ines': { incident_report: 'second factor', deploy_run: 'depends', notes_list: 'no' },
      // Never from anywhere but the office.
      'user:ian': { bank_balance: 'depends', bank_pay: 'no' },
      'user:root': { time_now: 'second factor', notes_delete: 'depends' },
      'agent:triage': { notes_delete: 'no', files_read: 'depends' },
      'service:billing': { bank_pay: 'depends', bank_balance: 'yes' },
      'certificate spiffe://bank.example/service/pipeline-*': { notes_list: 'yes', deploy_run: 'no' },
      'service:pipeline-web': { notes_list: 'yes', deploy_run: 'depends' },
      'anyone authenticated': { whoami: 'yes', notes_list: 'no' },
    }
    for (const [principal, names] of Object.entries(expected))
      for (const [name, answer] of Object.entries(names)) {
        const found = answers.find((one) => one['principal'] === principal && one['name'] === name)
        assert.equal(found?.['answer'], answer, `${principal} ${name}: ${found?.['because']}`)
      }
    const told = answers.find((one) => one['principal'] === 'user:ines' && one['name'] === 'deploy_run')
    assert.match(told?.['because'] ?? '', /time/)
  })

  test('is cut down to a principal and a tool, and written to a file', async (t) => {
    const file = join(await temporaryDirectory(t), 'access.html')
    const args = ['--principal', 'service:demo', '--tool', 'notes_read']
    const csv = await inProcess(['access', 'report', ...args, '--format', 'csv'], { cwd })
    assert.equal(csv.stdout.trim().split('\r\n').length, 2)
    const html = await inProcess(['access', 'report', ...args, '--format', 'html', '--output', file], { cwd })
    assert.deepEqual([html.code, html.stdout], [0, ''])
    const page = await readFile(file, 'utf8')
    assert.match(page, /^<!doctype html>/)
    assert.doesNotMatch(page, /notes_write/)
    const nobody = await inProcess(['access', 'report', '--principal', 'service:dmo'], { cwd })
    assert.equal(nobody.code, 1)
    assert.match(nobody.stderr, /there is nobody "service:dmo" in the report: use one of/)
    assert.equal((await inProcess(['access', 'report', '--format', 'pdf'], { cwd })).code, 2)
  })
})

test('a spreadsheet takes no cell for a formula', () => {
  for (const evil of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '\n=1'])
    assert.equal(csvCell(evil), `"'${evil}"`)
  assert.equal(csvCell('say "no"'), '"say ""no"""')
  assert.equal(csvCell('notes_read'), '"notes_read"')
  const [heading, first = ''] = matrixCsv(matrixOf(2, 3)).split('\r\n')
  assert.equal(heading, '"principal","kind","name","permission","answer","rule","because","policy"')
  assert.match(first, /^"certificate spiffe:[^"]*","tool","area0_verb_number_0","area:verb0","yes","",/)
})

test('a table is as wide as the terminal, and what does not fit stands below', () => {
  const lines = matrixTable(matrixOf(9, 4), 100).split('\n')
  assert.ok(lines.slice(1).every((line) => line.length <= 100))
  for (let at = 1; at < 9; at++) assert.ok(lines.some((line) => line.includes(`user:person-${at}`)))
  assert.equal(lines.filter((line) => line.startsWith('area0_verb_number_0')).length, 3)
})
