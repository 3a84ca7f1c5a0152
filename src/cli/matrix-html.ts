import { createHash } from 'node:crypto'
import { html, markupOf, type Html } from '../login/pages/html.ts'
import type { Answer, Cell, Matrix } from './access-matrix.ts'
import { counted } from './counted.ts'
import { matrixScript } from './matrix-script.ts'
import { matrixStyle } from './matrix-style.ts'
import type { ReportSubject } from './report-subjects.ts'
import { visible } from './visible.ts'

/** How each answer is shown: a sign, a class, and what it means. */
const ANSWERS: Readonly<
  Record<Answer, { readonly sign: string; readonly name: string; readonly meaning: string }>
> = {
  yes: { sign: '✓', name: 'yes', meaning: 'may, whatever the arguments' },
  'second factor': { sign: '2F', name: 'factor', meaning: 'may, with a second factor' },
  certificate: { sign: 'C', name: 'factor', meaning: 'may, with a certificate that a rule asks for' },
  approval: { sign: '+1', name: 'approval', meaning: 'may, once another person has approved the call' },
  depends: { sign: '?', name: 'depends', meaning: 'depends on arguments, time or address' },
  no: { sign: '–', name: 'no', meaning: 'may not' },
}

const KINDS = { tool: 'Tools', prompt: 'Prompts', resource: 'Resources' } as const

/**
 * The matrix as one file to look at: no request leaves it, it reads without JavaScript, and its only script filters. A
 * policy of the content (CSP) allows this style and this script by their digests, and nothing else.
 */
export function matrixHtml(matrix: Matrix): string {
  // Style and script are no text of a document: they stand between its parts as they are.
  return `<!doctype html>
<html lang="en">
<head>
${markupOf(head())}
<style>${matrixStyle}</style>
</head>
<body>
${markupOf(body(matrix))}
<script>${matrixScript}</script>
</body>
</html>`
}

function head(): Html {
  return html`<meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta http-equiv="Content-Security-Policy" content="${contentPolicy()}" />
    <meta name="color-scheme" content="light dark" />
    <title>Who can call what · Sallyport</title>`
}

function body(matrix: Matrix): Html {
  const { policy, at, subjects, things } = matrix
  return html`<main>
    <header>
      <h1>Who can call what</h1>
      <p class="facts">
        <span>${counted(subjects.length, 'principal')}, ${counted(things.length, 'thing')}</span>
        <span><time datetime="${new Date(at).toISOString()}">${dateOf(at)}</time></span>
        <span>${visible(policy.file)}</span> <code>${policy.digest}</code>
      </p>
    </header>
    <form id="filter" hidden>
      <label>Principal <input type="search" id="principal" autocomplete="off" spellcheck="false" /></label>
      <label>Tool <input type="search" id="thing" autocomplete="off" spellcheck="false" /></label>
      <output id="found"></output>
    </form>
    ${legend(matrix)} ${overview(matrix)}
    <h2>One by one</h2>
    ${subjects.map((subject, column) => oneByOne(matrix, subject, column))}
  </main>`
}

function contentPolicy(): string {
  const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  return `default-src 'none'; style-src ${digest(matrixStyle)}; script-src ${digest(matrixScript)}; base-uri 'none'; form-action 'none'`
}

function dateOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Only what there is. */
function legend({ cells }: Matrix): Html {
  const used = new Set(cells.flat().map(({ answer }) => answer))
  const shown = answers().filter(([answer]) => used.has(answer))
  return html`<ul class="legend" aria-label="Legend">
    ${shown.map(([answer, { meaning }]) => html`<li>${sign(answer)} <span>${meaning}</span></li>`)}
  </ul>`
}

function answers(): readonly (readonly [Answer, { readonly meaning: string }])[] {
  const order: readonly Answer[] = ['yes', 'second factor', 'certificate', 'approval', 'depends', 'no']
  return order.map((answer) => [answer, ANSWERS[answer]])
}

function sign(answer: Answer): Html {
  const { sign: shown, name } = ANSWERS[answer]
  return html`<span class="sign ${name}" aria-hidden="true">${shown}</span>`
}

function overview(matrix: Matrix): Html {
  const { subjects, things } = matrix
  const kinds = (['tool', 'prompt', 'resource'] as const).filter((kind) =>
    things.some((thing) => thing.kind === kind),
  )
  return html`<div class="scroll" role="region" aria-label="Everybody and everything" tabindex="0">
    <table id="matrix">
      <thead>
        <tr>
          <td></td>
          ${subjects.map((subject) => columnHead(subject))}
        </tr>
      </thead>
      ${kinds.map((kind) => group(matrix, kind))}
    </table>
  </div>`
}

function columnHead({ name }: ReportSubject): Html {
  const [kind, short] = parted(name)
  return html`<th scope="col">
    <span class="name"><span class="kind">${kind}</span> ${visible(short)}</span>
  </th>`
}

/** `service:billing` in two, `certificate …` and `anyone …` as well. */
function parted(name: string): readonly [string, string] {
  const at = name.search(/[: ]/)
  return [name.slice(0, at), name.slice(at + 1)]
}

function group({ things, subjects, cells }: Matrix, kind: keyof typeof KINDS): Html {
  const rows = things.flatMap((thing, row) => (thing.kind === kind ? [{ thing, own: cells[row] ?? [] }] : []))
  return html`<tbody>
    <tr class="group">
      <th scope="rowgroup"><span>${KINDS[kind]}</span></th>
      <td colspan="${subjects.length}"></td>
    </tr>
    ${rows.map(
      ({ thing, own }) =>
        html`<tr class="thing">
          <th scope="row">${visible(thing.name)}<span class="quiet">${needed(thing.permission)}</span></th>
          ${own.map(tableCell)}
        </tr> `,
    )}
  </tbody>`
}

function needed(permission: string): string {
  return permission === 'authenticated' ? 'to be known' : permission
}

/** Why, and by which rule, unless the sentence has it. */
function tipOf({ rule, because }: Cell): string {
  return `${visible(because)}${rule === null || because.includes(rule) ? '' : ` (rule ${rule})`}`
}

function tableCell(cell: Cell): Html {
  const { answer } = cell
  return html`<td title="${tipOf(cell)}">${sign(answer)}<span class="unseen">${answer}</span></td>`
}

/** What one of them may do, in words: for a phone, and for whoever reads and does not look. */
function oneByOne({ things, cells }: Matrix, { name, groups }: ReportSubject, column: number): Html {
  const own = things.flatMap((thing, row) => {
    const cell = cells[row]?.[column]
    return cell === undefined ? [] : [{ thing, cell }]
  })
  const may = own.filter(({ cell }) => cell.answer !== 'no')
  const not = own.filter(({ cell }) => cell.answer === 'no')
  return html`<details class="subject">
    <summary>
      <span class="who">${visible(name)}</span>
      <span class="quiet"
        >${may.length} of ${own.length}${groups.length === 0 ? '' : `, in ${groups.join(', ')}`}</span
      >
    </summary>
    <ul>
      ${may.map(
        ({ thing, cell }) =>
          html`<li>
            ${sign(cell.answer)}
            <span
              ><b>${visible(thing.name)}</b> <span class="unseen">${cell.answer}: </span
              ><span class="quiet">${tipOf(cell)}</span></span
            >
          </li>`,
      )}
    </ul>
    ${not.length === 0 ? undefined : html`<p class="quiet">May not: ${not.map(({ thing }) => visible(thing.name)).join(', ')}</p>`}
  </details> `
}
