/**
 * The bytes of base64 in its one canonical form (RFC 4648, section 3.5): padded, no other characters, no stray bits.
 * `undefined` for everything else, so that no two texts mean the same bytes; also for the empty text.
 */
export function exactBase64(text: string): Buffer | undefined {
  // Node's decoder skips what it does not know, and so would read many texts alike.
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined
}
