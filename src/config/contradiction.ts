/** Two settings that are good alone and not together. */
export interface Contradiction {
  readonly path: readonly (string | number)[]
  readonly sentence: string
}
