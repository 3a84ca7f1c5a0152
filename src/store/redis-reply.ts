/** The fields of a hash, from the flat list `field, value, …` that a script returns. Throws a TypeError otherwise. */
export function fieldsOf(reply: unknown): ReadonlyMap<string, string> {
  if (!Array.isArray(reply)) throw new TypeError('Redis returned no list')
  const fields = new Map<string, string>()
  for (let at = 0; at + 1 < reply.length; at += 2) fields.set(String(reply[at]), String(reply[at + 1]))
  return fields
}

/** The text of a field. Throws a TypeError if it is missing. */
export function textOf(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name)
  if (value === undefined) throw new TypeError(`the field ${name} is missing`)
  return value
}

/** The whole number in a field. Throws a TypeError if there is none. */
export function numberOf(fields: ReadonlyMap<string, string>, name: string): number {
  const value = textOf(fields, name)
  const number = Number(value)
  if (value === '' || !Number.isSafeInteger(number)) throw new TypeError(`the field ${name} holds no number`)
  return number
}
