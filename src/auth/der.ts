/** One element of DER (X.690): its identifier octet, and what is inside. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
}

/** Identifier octets of the universal types that certificates are read by. */
export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  sequence: 0x30,
  set: 0x31,
} as const

/** No object identifier of a certificate has more octets than this. */
const LONGEST_OID = 64

/**
 * The elements that fill `octets` exactly, side by side; never looks inside of them.
 *
 * Strict, for what comes from strangers: tags of a single octet, definite lengths in their shortest form (X.690,
 * 10.1), nothing behind the last one. Fails closed: `undefined` for anything else, and for more than `most`.
 */
export function derElements(octets: Buffer, most: number): readonly DerElement[] | undefined {
  const elements: DerElement[] = []
  for (let offset = 0; offset < octets.length;) {
    const tag = octets[offset] ?? 0
    const length = lengthAt(octets, offset + 1)
    if (length === undefined || tag === 0 || (tag & 0x1f) === 0x1f || elements.length === most)
      return undefined
    const end = length.from + length.octets
    if (end > octets.length) return undefined
    elements.push({ tag, content: octets.subarray(length.from, end) })
    offset = end
  }
  return elements
}

/** The elements inside of `octets` when those are exactly one element with this tag. */
export function derInside(octets: Buffer, tag: number, most: number): readonly DerElement[] | undefined {
  const [element] = derElements(octets, 1) ?? []
  return element?.tag === tag ? derElements(element.content, most) : undefined
}

/** An object identifier in dots (X.690, 8.19); `undefined` for what is none, or not in its shortest form. */
export function oidOf(element: DerElement | undefined): string | undefined {
  if (element?.tag !== DER.oid) return undefined
  const { content } = element
  if (content.length === 0 || content.length > LONGEST_OID || (content.at(-1) ?? 0) > 0x7f) return undefined
  const arcs: (number | bigint)[] = []
  for (let start = 0; start < content.length;) {
    const end = arcEnd(content, start)
    if (content[start] === 0x80) return undefined
    arcs.push(arcOf(content.subarray(start, end)))
    start = end
  }
  const [joint = 0, ...rest] = arcs
  const first = joint < 40 ? 0n : joint < 80 ? 1n : 2n
  return [first, BigInt(joint) - 40n * first, ...rest].join('.')
}

/** A BOOLEAN in DER (X.690, 11.1). */
export function booleanOf({ tag, content }: DerElement): boolean | undefined {
  if (tag !== DER.boolean || content.length !== 1) return undefined
  return content[0] === 0xff ? true : content[0] === 0 ? false : undefined
}

/**
 * The bits that are set in a named bit list: bit 0 is the first one (X.690, 11.2.2: no zero bits at its end).
 * At most 16 of them.
 */
export function bitsOf({ tag, content }: DerElement): ReadonlySet<number> | undefined {
  const [unused = 8, ...octets] = content
  const last = octets.at(-1)
  if (tag !== DER.bitString || unused > 7 || octets.length > 2) return undefined
  if (last === undefined ? unused !== 0 : (last & ((2 << unused) - 1)) !== 1 << unused) return undefined
  const bits = octets.flatMap((octet, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (octet & (0x80 >> bit)) !== 0).map((bit) => 8 * index + bit),
  )
  return new Set(bits)
}

/** A small INTEGER that is not negative, in its shortest form (X.690, 8.3.2). */
export function smallIntegerOf({ tag, content }: DerElement): number | undefined {
  const isShortest =
    content.length > 0 && !(content.length > 1 && content[0] === 0 && (content[1] ?? 0) < 0x80)
  if (tag !== DER.integer || !isShortest || content.length > 4 || (content[0] ?? 0) > 0x7f) return undefined
  return content.readUIntBE(0, content.length)
}

function lengthAt(
  octets: Buffer,
  start: number,
): { readonly octets: number; readonly from: number } | undefined {
  const first = octets[start]
  if (first === undefined) return undefined
  if (first < 0x80) return { octets: first, from: start + 1 }
  const count = first & 0x7f
  const from = start + 1 + count
  if (count < 1 || count > 3 || from > octets.length) return undefined
  const length = octets.readUIntBE(start + 1, count)
  const least = count === 1 ? 0x80 : 1 << (8 * (count - 1))
  return length < least ? undefined : { octets: length, from }
}

function arcEnd(content: Buffer, start: number): number {
  let end = start
  while ((content[end] ?? 0) > 0x7f) end += 1
  return end + 1
}

/** Base 128; an arc may be a whole UUID. */
function arcOf(octets: Buffer): number | bigint {
  if (octets.length <= 7) return octets.reduce((arc, octet) => arc * 128 + (octet & 0x7f), 0)
  return octets.reduce((arc, octet) => arc * 128n + BigInt(octet & 0x7f), 0n)
}
