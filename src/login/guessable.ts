import type { ZxcvbnFactory } from '@zxcvbn-ts/core'

/**
 * Whether whoever guesses cleverly comes to a password too soon.
 *
 * @param words that are likely in a password here: the name of its user, of the product, of the host
 */
export type IsGuessable = (password: string, words: readonly string[]) => Promise<boolean>

/** A hash a guess: this many take one core of today most of a year. */
const FEWEST_GUESSES = 1e9

/**
 * So many characters are judged, and so many ways to undo "p@55w0rd" are tried. The work grows with the square of the
 * length and blocks the event loop: within these it is a few dozen ms at the worst. A beginning that is good enough
 * makes the whole good enough, so that nothing guessable passes by being cut.
 */
const LONGEST_JUDGED = 64
const MOST_SUBSTITUTIONS = 20

/**
 * Judges passwords by the some 49,000 that leak most often (ASVS 5.0, 6.2.4 and 6.2.12), whole and as parts, and by
 * what people do to them: repeats, sequences, keyboard walks, dates, digits behind, letters replaced. Nothing leaves
 * this process. The lists, some 8 MB, are loaded at the first call.
 */
export function guessable(): IsGuessable {
  let loaded: Promise<ZxcvbnFactory> | undefined
  return async (password, words) => {
    loaded ??= loadJudge()
    const judge = await loaded
    const judged = Array.from(password).slice(0, LONGEST_JUDGED).join('')
    return judge.check(judged, [...words]).guesses < FEWEST_GUESSES
  }
}

async function loadJudge(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory: Judge }, { dictionary, adjacencyGraphs }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ])
  return new Judge({
    dictionary,
    graphs: adjacencyGraphs,
    maxLength: 2 * LONGEST_JUDGED,
    l33tMaxSubstitutions: MOST_SUBSTITUTIONS,
  })
}
