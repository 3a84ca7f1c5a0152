const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** How a duration is written: a whole number and one of s, m, h, d. */
export const DURATION: RegExp = /^[1-9][0-9]{0,8}[smhd]$/

/** Reads `90s`, `30m`, `12h` or `7d` as milliseconds; `undefined` for anything else, never a guess. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined
  const unit = UNITS[text.slice(-1)]
  return unit === undefined ? undefined : Number(text.slice(0, -1)) * unit
}
