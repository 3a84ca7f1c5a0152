const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Most seconds of a step-up: a second factor of yesterday proves nothing about today. */
const MOST = 86_400

/** Reads `5m` (s, m or h; from 1s to 24h) as ms; `undefined` for anything else, never a guess. */
export function parseDuration(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9][0-9]{0,4})([smh])$/.exec(text) ?? []
  const seconds = Number(count) * (UNITS[unit] ?? 0)
  return seconds > 0 && seconds <= MOST ? seconds * 1000 : undefined
}

/** Writes ms as {@link parseDuration} reads them, in the largest unit that fits. */
export function durationText(ms: number): string {
  const seconds = ms / 1000
  const unit = ['h', 'm'].find((one) => seconds % (UNITS[one] ?? 1) === 0) ?? 's'
  return `${seconds / (UNITS[unit] ?? 1)}${unit}`
}

/** How many calls in how many seconds. */
export interface Rate {
  readonly points: number
  readonly seconds: number
}

/** Reads `60/m` (to s, m, h or d). The shape is checked by the schema: what it lets through is read. */
export function parseRate(text: string): Rate {
  const [count = '', unit = ''] = text.split('/')
  return { points: Number(count), seconds: UNITS[unit] ?? 1 }
}
