/** Most characters of a pattern: each is a state that a text of any length may be in. */
const MOST = 256

/** How a text is compared with a glob pattern. */
export type Glob = (text: string) => boolean

/** What is wrong with a glob pattern, as the end of a sentence about it; `undefined` where nothing is. */
export function globProblem(pattern: string): string | undefined {
  if (pattern === '') return 'is empty'
  if (pattern.length > MOST) return `is longer than ${MOST} characters`
  if (pattern.includes('***')) return 'has three stars in a row: "*" stays within a segment, "**" does not'
  return undefined
}

/**
 * Makes a glob pattern: "*" stands for any characters but "/", also none; "**" for any characters at all, also none;
 * "?" for one character but "/"; everything else for itself. It is the whole text that must fit.
 *
 * Characters are UTF-16 units and compared as they are: case counts, and nothing is normalised, so an "é" in one piece
 * and one in two are not the same. Time is at most the product of both lengths, whatever they are: texts come from strangers.
 *
 * @param pattern one without a {@link globProblem}
 */
export function compileGlob(pattern: string): Glob {
  const tokens: readonly string[] = pattern.match(/\*\*|[^]/g) ?? []
  const wild = tokens.findIndex(isWild)
  if (wild === -1) return (text) => text === pattern
  const prefix = tokens.slice(0, wild).join('')
  const rest = tokens.slice(wild)
  // Most patterns end in their only star.
  if (rest.length === 1 && rest[0] === '**') return (text) => text.startsWith(prefix)
  if (rest.length === 1 && rest[0] === '*')
    return (text) => text.startsWith(prefix) && !text.includes('/', prefix.length)
  return (text) => text.startsWith(prefix) && fits(text, prefix.length, rest)
}

function isWild(token: string): boolean {
  return token === '*' || token === '**' || token === '?'
}

/** Whether the text from `start` on fits: every place of the pattern that can be reached, one character after the other. */
function fits(text: string, start: number, tokens: readonly string[]): boolean {
  let places: number[] = []
  let next: number[] = []
  reach(0, tokens, places)
  for (let at = start; at < text.length && places.length > 0; at += 1) {
    const character = text.charAt(at)
    next.length = 0
    for (const place of places) step(place, tokens, character, next)
    ;[places, next] = [next, places]
  }
  return places.includes(tokens.length)
}

/** Adds where one character leads to from one place. */
function step(place: number, tokens: readonly string[], character: string, next: number[]): void {
  const token = tokens[place]
  if (token === '**' || (token === '*' && character !== '/')) reach(place, tokens, next)
  else if (token === '?' ? character !== '/' : token === character) reach(place + 1, tokens, next)
}

/** Adds a place, and what lies behind the stars there, which may stand for nothing. Places are added in their order. */
function reach(place: number, tokens: readonly string[], places: number[]): void {
  for (let at = place; at <= tokens.length; at += 1) {
    if (places.length === 0 || (places[places.length - 1] ?? 0) < at) places.push(at)
    if (tokens[at] !== '*' && tokens[at] !== '**') return
  }
}
