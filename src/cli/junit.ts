/** One case of a JUnit report. */
export interface JunitCase {
  readonly suite: string
  readonly name: string
  /** Empty for a case that passed. */
  readonly failure: string
}

/** A report in the XML that CI systems read, as JUnit writes it. */
export function junitXml(cases: readonly JunitCase[]): string {
  const suites = [...Map.groupBy(cases, ({ suite }) => suite)].map(([suite, own]) => suiteXml(suite, own))
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${totals(cases)}>\n${suites.join('')}</testsuites>\n`
}

function suiteXml(name: string, cases: readonly JunitCase[]): string {
  return `  <testsuite name="${xml(name)}" ${totals(cases)}>\n${cases.map(caseXml).join('')}  </testsuite>\n`
}

function totals(cases: readonly JunitCase[]): string {
  return `tests="${cases.length}" failures="${cases.filter(({ failure }) => failure !== '').length}"`
}

function caseXml({ suite, name, failure }: JunitCase): string {
  const head = `    <testcase classname="${xml(suite)}" name="${xml(name)}"`
  if (failure === '') return `${head}/>\n`
  const [first = ''] = failure.split('\n')
  return `${head}>\n      <failure message="${xml(first)}">${xml(failure)}</failure>\n    </testcase>\n`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** What XML 1.0 has no way to write is left out (section 2.2). */
function xml(text: string): string {
  return (
    text
      .toWellFormed()
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
  )
}
