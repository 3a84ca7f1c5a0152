/** Whether a name is one of those that a pattern means. */
export type NamePattern = (name: string) => boolean

/** What a pattern is made of: a letter that stands for itself, or a star. */
type Token = string

/**
 * Makes a pattern: "*" stands for one letter or more of which none is a "/", "**" for one or more of any, and all else
 * for itself. It is the whole name that must fit. Takes time by the length of both, whatever they are: the names come
 * from strangers.
 */
export function namePattern(pattern: string): NamePattern {
  const tokens: readonly Token[] = pattern.match(/\*\*|[^]/g) ?? []
  return (name) => {
    let reached: ReadonlySet<number> = new Set([0])
    for (const letter of name) reached = new Set([...reached].flatMap((at) => step(at, tokens[at], letter)))
    return reached.has(tokens.length)
  }
}

/** Where a letter leads to from one place in the pattern: a star may take the next letter, too. */
function step(at: number, token: Token | undefined, letter: string): readonly number[] {
  if (token === '**' || (token === '*' && letter !== '/')) return [at, at + 1]
  return token === letter && token !== '*' ? [at + 1] : []
}
