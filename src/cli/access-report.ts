import { writeFile } from 'node:fs/promises'
import { stdout } from 'node:process'
import { Command, Option } from 'commander'
import { SallyportError } from '../errors.ts'
import { accessAtHand } from './access-at-hand.ts'
import { accessMatrix, type Matrix } from './access-matrix.ts'
import { matrixCsv } from './matrix-csv.ts'
import { matrixHtml } from './matrix-html.ts'
import { matrixJson } from './matrix-json.ts'
import { matrixTable } from './matrix-table.ts'
import { print, tell } from './print.ts'

const EXAMPLES = `
Examples:
  npx sallyport access report
  npx sallyport access report --format html --output access.html
  npx sallyport access report --principal service:demo
  npx sallyport access report --tool notes_write --format csv

Who can call what: everybody whom the grants name, members of groups, certificate patterns, and whoever is known and has
no grant. Where the answer changes with arguments, time or address it "depends": "access explain" says on what.

Exit codes: 0 done, 1 failed, 2 wrong usage.`

const FORMATS = ['table', 'csv', 'html', 'json'] as const

interface Flags {
  readonly format: (typeof FORMATS)[number]
  readonly json?: true
  readonly output?: string
  readonly policy?: string
  readonly principal?: string
  readonly tool?: string
}

/** `sallyport access report`: who can call what. */
export function accessReportCommand(): Command {
  return new Command('report')
    .description('Report who can call what.')
    .addOption(new Option('--format <format>', 'how it is written').choices(FORMATS).default('table'))
    .option('--json', 'the same as --format json')
    .option('--output <file>', 'write it to this file')
    .option('--policy <file>', 'report this policy instead of the configured one')
    .option('--principal <principal>', 'only this one, as in service:demo')
    .option('--tool <name>', 'only this tool, prompt or resource')
    .addHelpText('after', EXAMPLES)
    .action(report)
}

async function report({ format, json, output, policy, principal, tool }: Flags): Promise<void> {
  const matrix = only(accessMatrix(await accessAtHand(policy), Date.now()), principal, tool)
  const text = written(matrix, json === true ? 'json' : format)
  if (output === undefined) return print(text)
  await writeFile(output, `${text}\n`)
  tell(`written   ${output}`)
}

function written(matrix: Matrix, format: Flags['format']): string {
  switch (format) {
    case 'table':
      return matrixTable(matrix, stdout.columns ?? Infinity)
    case 'csv':
      return matrixCsv(matrix)
    case 'html':
      return matrixHtml(matrix)
    case 'json':
      return matrixJson(matrix)
  }
}

function only(matrix: Matrix, principal: string | undefined, tool: string | undefined): Matrix {
  const { subjects, things, cells } = matrix
  const columns = subjects.map(({ name }) => principal === undefined || name === principal)
  const rows = things.map(({ name }) => tool === undefined || name === tool)
  if (!columns.includes(true))
    throw nothing(
      'nobody',
      principal,
      subjects.map(({ name }) => name),
    )
  if (!rows.includes(true))
    throw nothing(
      'no tool, prompt or resource',
      tool,
      things.map(({ name }) => name),
    )
  return {
    ...matrix,
    subjects: subjects.filter((_, column) => columns[column]),
    things: things.filter((_, row) => rows[row]),
    cells: cells.filter((_, row) => rows[row]).map((row) => row.filter((_, column) => columns[column])),
  }
}

function nothing(what: string, name: string | undefined, known: readonly string[]): SallyportError {
  return new SallyportError(
    'NOT_FOUND',
    `there is ${what} "${name ?? ''}" in the report: use one of ${known.join(', ')}`,
  )
}
