/** Upper bounds of all histograms of durations, in seconds: from a decision (0.1 ms) to what nobody waits for (10 s). */
export const BUCKETS: number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]
