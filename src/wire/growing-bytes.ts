/** Bytes that come in pieces, of which there may be very many very small ones. */
export interface GrowingBytes {
  length(): number
  add(piece: Buffer): void
  /** All of them, in one piece; it is empty afterwards. */
  take(): Buffer
}

const LEAST = 4096

/** Keeps at most twice the bytes that it was given. What comes in one piece is not copied. */
export function growingBytes(): GrowingBytes {
  let bytes: Buffer = Buffer.alloc(0)
  let length = 0
  let isOwn = false
  return {
    length: () => length,
    add(piece) {
      if (length === 0) {
        bytes = piece
        isOwn = false
      } else {
        if (!isOwn || length + piece.length > bytes.length) {
          const larger = Buffer.allocUnsafe(Math.max(LEAST, 2 * (length + piece.length)))
          bytes.copy(larger, 0, 0, length)
          bytes = larger
          isOwn = true
        }
        piece.copy(bytes, length)
      }
      length += piece.length
    },
    take() {
      const all = bytes.subarray(0, length)
      bytes = Buffer.alloc(0)
      length = 0
      return all
    },
  }
}
