import assert from 'node:assert/strict'

/** One line of `/metrics`. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Reads the text format of Prometheus, as far as it is written here: no escapes in values of labels. */
export function samplesIn(text: string): readonly Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const {
        name = '',
        labels = '',
        value,
      } = /^(?<name>[a-z0-9_]+)(?:\{(?<labels>.*)\})? (?<value>\S+)$/.exec(line)?.groups ?? {}
      assert.notEqual(name, '', `not a sample: ${line}`)
      const pairs = [...labels.matchAll(/(?<key>[a-z_]+)="(?<said>[^"]*)"/g)]
      return {
        name,
        labels: Object.fromEntries(pairs.map(({ groups }) => [groups?.['key'], groups?.['said']])),
        value: Number(value),
      }
    })
}

/** What a server's operations listener shows. */
export async function metricsAt(
  port: number | undefined,
): Promise<{ text: string; samples: readonly Sample[] }> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  assert.equal(response.status, 200)
  const text = await response.text()
  return { text, samples: samplesIn(text) }
}

/** The sum of the samples with this name and these labels; `undefined` if there is none. */
export function valueOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
}

/** Asks until the value is that one: what a client has done is counted when the server has noticed. */
export async function metricBecomes(
  port: number | undefined,
  expected: number,
  ...which: [name: string, labels?: Readonly<Record<string, string>>]
): Promise<void> {
  for (let asked = 0; asked < 500; asked += 1)
    if (valueOf((await metricsAt(port)).samples, ...which) === expected) return
  assert.equal(valueOf((await metricsAt(port)).samples, ...which), expected, JSON.stringify(which))
}
