/** What never changes, as JSON in UTF-8, made once. */
export interface JsonBytes {
  /**
   * @param json whose first array is empty, and is to have the entries
   * @param entries frozen: what they were when they were first met is what is sent
   */
  filled(json: string, entries: readonly object[]): Buffer
}

const COMMA = 0x2c

/**
 * Keeps the JSON of each entry for as long as the entry, however many lists it is in, so that what is kept grows with
 * what there is and not with who asks.
 */
export function jsonBytes(): JsonBytes {
  const kept = new WeakMap<object, Buffer>()
  const bytesOf = (entry: object): Buffer => {
    const bytes = kept.get(entry) ?? Buffer.from(JSON.stringify(entry))
    kept.set(entry, bytes)
    return bytes
  }
  return {
    filled(json, entries) {
      const at = json.indexOf('[') + 1
      const [before, after] = [Buffer.from(json.slice(0, at)), Buffer.from(json.slice(at))]
      const all = entries.map(bytesOf)
      const commas = Math.max(0, all.length - 1)
      const length = all.reduce((sum, bytes) => sum + bytes.length, before.length + commas + after.length)
      const whole = Buffer.allocUnsafe(length)
      let end = before.copy(whole)
      for (const [index, bytes] of all.entries()) {
        if (index > 0) whole[end++] = COMMA
        end += bytes.copy(whole, end)
      }
      after.copy(whole, end)
      return whole
    },
  }
}
