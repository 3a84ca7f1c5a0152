import assert from 'node:assert/strict'

/** Secrets that a test has used, and whether any text has one of them. */
export interface Secrets {
  /** Remembers one and gives it back. */
  keep(name: string, secret: string): string
  readonly names: readonly string[]
  /** The names of those that are in a text, as they are or as they are usually encoded. */
  foundIn(text: string): readonly string[]
}

/** Begins with none. */
export function secretsUsed(): Secrets {
  const known: { readonly name: string; readonly isIn: (text: string) => boolean }[] = []
  return {
    keep(name, secret) {
      assert.ok(secret.length >= 6, `${name} is too short to be looked for`)
      known.push({ name, isIn: finder(secret) })
      return secret
    },
    get names() {
      return known.map(({ name }) => name)
    },
    foundIn: (text) => known.flatMap(({ name, isIn }) => (isIn(text) ? [name] : [])),
  }
}

function finder(secret: string): (text: string) => boolean {
  // Six digits are in every long number: a code has none beside it.
  if (/^\d+$/.test(secret)) {
    const alone = new RegExp(`(?<![\\d.])${secret}(?![\\d.])`)
    return (text) => alone.test(text)
  }
  const bytes = Buffer.from(secret)
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('hex'),
    // Encoded from its first byte on; what comes after it changes the end.
    bytes.toString('base64').replace(/.{0,2}=*$/, ''),
    bytes.toString('base64url').replace(/.{0,2}$/, ''),
  ]
  return (text) => forms.some((form) => text.includes(form))
}
