import { SallyportError } from '../errors.ts'

/** One element of DER (X.690): its identifier octet, its content, and all of its octets. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  readonly raw: Buffer
}

/** Identifier octets of the universal types that occur here. */
export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** No object identifier that means something here has more octets than this. */
const LONGEST_OID = 64

/** More elements side by side than this are not looked at, unless told. */
const MOST_CHILDREN = 1024

/**
 * Reads octets that are exactly one element. Strict: the one tag form of a single octet, definite lengths in their
 * shortest form (X.690, 10.1), nothing behind it. Never looks inside; the work is linear in what is there.
 *
 * @throws SallyportError `CERTIFICATE_INVALID`
 */
export function readDer(octets: Buffer): DerElement {
  const element = elementAt(octets, 0)
  if (element.raw.length !== octets.length) throw invalid('something follows its end')
  return element
}

/**
 * The elements inside a constructed one, in order.
 *
 * @throws SallyportError `CERTIFICATE_INVALID`, also for more than `most` of them
 */
export function derChildren({ content }: DerElement, most: number = MOST_CHILDREN): readonly DerElement[] {
  const children: DerElement[] = []
  for (let offset = 0; offset < content.length;) {
    if (children.length === most) throw invalid('it has too many elements')
    const child = elementAt(content, offset)
    children.push(child)
    offset += child.raw.length
  }
  return children
}

/** Writes one element around what is inside of it. */
export function der(tag: number, ...inside: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(inside)
  return Buffer.concat([Buffer.of(tag, ...lengthOctets(content.length)), content])
}

/** An object identifier in dots, as an element. */
export function derOid(dotted: string): Buffer {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt)
  return der(DER.oid, Buffer.from([first * 40n + second, ...rest].flatMap(base128)))
}

/**
 * An object identifier as text in dots; `undefined` for what is none, or is longer than any that occurs.
 */
export function oidText({ tag, content }: DerElement): string | undefined {
  if (tag !== DER.oid || content.length > LONGEST_OID || ((content.at(-1) ?? 0x80) & 0x80) !== 0)
    return undefined
  const arcs: bigint[] = []
  let arc = 0n
  for (const octet of content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f)
    if ((octet & 0x80) !== 0) continue
    arcs.push(arc)
    arc = 0n
  }
  const [joint = 0n, ...rest] = arcs
  const first = joint < 80n ? joint / 40n : 2n
  return [first, joint - first * 40n, ...rest].join('.')
}

/** A whole number from 0 to 2^31 - 1. */
export function derInteger(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeInt32BE(value)
  const zeros = octets.findIndex((octet, index) => octet !== 0 || (octets[index + 1] ?? 0x80) > 0x7f)
  return der(DER.integer, octets.subarray(zeros))
}

/** A text as UTF8String. */
export function derText(text: string): Buffer {
  return der(DER.utf8String, Buffer.from(text))
}

function elementAt(octets: Buffer, start: number): DerElement {
  const tag = octets[start] ?? 0
  const { length, size } = lengthAt(octets, start + 1)
  const from = start + 1 + size
  const to = from + length
  if (start + 1 >= octets.length || to > octets.length || (tag & 0x1f) === 0x1f)
    throw invalid('it is cut short')
  return { tag, content: octets.subarray(from, to), raw: octets.subarray(start, to) }
}

function lengthAt(octets: Buffer, start: number): { readonly length: number; readonly size: number } {
  const first = octets[start] ?? 0
  if (first < 0x80) return { length: first, size: 1 }
  const count = first & 0x7f
  if (count < 1 || count > 3 || start + count >= octets.length) throw invalid('a length is not as DER has it')
  const length = octets.readUIntBE(start + 1, count)
  if (lengthOctets(length).length !== count + 1) throw invalid('a length is not as DER has it')
  return { length, size: count + 1 }
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  if (length < 0x10000) return [0x82, length >> 8, length & 0xff]
  return [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
}

function base128(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)]
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80)
  return octets
}

function invalid(problem: string): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', `this is not DER: ${problem}`)
}
