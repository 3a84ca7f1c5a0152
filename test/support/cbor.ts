/** What {@link cbor} writes. */
export type CborValue =
  | number
  | string
  | Buffer
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>

const INTEGER = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const LIST = 4
const MAP = 5

/** CBOR (RFC 8949), as much of it as an authenticator speaks. */
export function cbor(value: CborValue): Buffer {
  if (typeof value === 'number') return value < 0 ? head(NEGATIVE, -1 - value) : head(INTEGER, value)
  if (typeof value === 'string')
    return Buffer.concat([head(TEXT, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(BYTES, value.length), value])
  if (value instanceof Map) {
    const pairs = [...value].flatMap(([key, one]) => [cbor(key), cbor(one)])
    return Buffer.concat([head(MAP, value.size), ...pairs])
  }
  const items = [...(value as readonly CborValue[])]
  return Buffer.concat([head(LIST, items.length), ...items.map(cbor)])
}

function head(kind: number, size: number): Buffer {
  if (size < 24) return Buffer.of((kind << 5) | size)
  if (size < 256) return Buffer.of((kind << 5) | 24, size)
  return Buffer.of((kind << 5) | 25, size >> 8, size & 255)
}
