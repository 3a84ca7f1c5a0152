/** Two samples, compared by Welch's t-test. */
export interface Comparison {
  readonly t: number
  /** Two-sided. */
  readonly p: number
  readonly medians: readonly [number, number]
}

/**
 * Compares two samples of at least 100 values each, so many that Student's distribution is the normal one.
 *
 * @param kept the part of all values, the smallest of both samples together, that is compared: what a pause of the
 *   machine made late says nothing
 */
export function welch(one: readonly number[], other: readonly number[], kept = 0.95): Comparison {
  const most = quantile([...one, ...other], kept)
  const [left, right] = [one, other].map((sample) => moments(sample.filter((value) => value <= most)))
  if (left === undefined || right === undefined) throw new Error('there is nothing to compare')
  const t = (left.mean - right.mean) / Math.sqrt(left.error + right.error)
  return { t, p: 2 * tail(Math.abs(t)), medians: [quantile(one, 0.5), quantile(other, 0.5)] }
}

/** The value below which a part of a sample is. */
export function quantile(sample: readonly number[], part: number): number {
  const sorted = sample.toSorted((one, other) => one - other)
  return sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN
}

/** Mean, and the square of its standard error. */
function moments(sample: readonly number[]): { readonly mean: number; readonly error: number } {
  const { length } = sample
  const mean = sample.reduce((sum, value) => sum + value, 0) / length
  const variance = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (length - 1)
  return { mean, error: variance / length }
}

/** The normal distribution beyond `x`, to 1e-7 (Abramowitz and Stegun, 26.2.17). */
function tail(x: number): number {
  const k = 1 / (1 + 0.231_641_9 * x)
  const sum =
    k * (0.319_381_53 + k * (-0.356_563_782 + k * (1.781_477_937 + k * (-1.821_255_978 + k * 1.330_274_429))))
  return (Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI)) * sum
}
