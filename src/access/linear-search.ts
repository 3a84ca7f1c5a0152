/** Up to this many comparisons, at worst, the engine's own search is the faster one. */
const FEW = 65_536

/**
 * Where `needle` first is in `text` from `from` on; -1 where it is not.
 *
 * Takes time by the sum of both lengths, whatever they are: `String.prototype.indexOf` takes their product on texts
 * made for that (Knuth, Morris, Pratt).
 */
export function linearIndexOf(text: string, needle: string, from = 0): number {
  if ((text.length - from) * needle.length <= FEW || needle.length < 3) return text.indexOf(needle, from)
  const borders = bordersOf(needle)
  let matched = 0
  for (let at = from; at < text.length; at += 1) {
    matched = advance(needle, borders, matched, text.charCodeAt(at))
    if (matched === needle.length) return at - matched + 1
  }
  return -1
}

/** For each length of a beginning of the needle, how long the longest beginning is that it also ends with. */
function bordersOf(needle: string): Uint32Array {
  const borders = new Uint32Array(needle.length + 1)
  for (let at = 1; at < needle.length; at += 1)
    borders[at + 1] = advance(needle, borders, borders[at] ?? 0, needle.charCodeAt(at))
  return borders
}

function advance(needle: string, borders: Uint32Array, matched: number, unit: number): number {
  let length = matched
  while (length > 0 && needle.charCodeAt(length) !== unit) length = borders[length] ?? 0
  return needle.charCodeAt(length) === unit ? length + 1 : length
}
