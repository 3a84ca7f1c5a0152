import { RE2JS } from 're2js'

/** A kind of secret, and how one is cut out of a text. */
interface Secret {
  readonly what: string
  /** How it begins; texts without any of these are not looked at further. */
  readonly begins: readonly string[]
  readonly expression: RE2JS
}

/** RE2: time by the length of the text, whatever it is. */
function secret(what: string, begins: readonly string[], pattern: string): Secret {
  return { what, begins, expression: RE2JS.compile(pattern) }
}

const SECRETS: readonly Secret[] = [
  secret(
    'private key',
    ['-----BEGIN '],
    // Without an end it goes on to the end of the text.
    String.raw`-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----|\z)`,
  ),
  secret('AWS access key', ['AKIA', 'ASIA'], String.raw`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`),
  secret(
    'GitHub token',
    ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    String.raw`\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})`,
  ),
  secret('Slack token', ['xox'], String.raw`\bxox[abeoprs]-[A-Za-z0-9-]{10,255}`),
  secret('session token of Sallyport', ['sps_'], String.raw`\bsps_[0-9a-f]{4}_[A-Za-z0-9_-]{43}`),
  secret(
    'JSON Web Token',
    ['eyJ'],
    String.raw`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}`,
  ),
]

/** A text without its secrets, and what they were. */
export interface Redacted {
  readonly text: string
  /** The kind of each that was cut out. */
  readonly found: readonly string[]
}

/** Cuts secrets out of a text, by pattern; what stands in their place says what it was. */
export function redactSecrets(text: string): Redacted {
  const found: string[] = []
  let left = text
  for (const { what, begins, expression } of SECRETS) {
    if (!begins.some((begin) => left.includes(begin))) continue
    const matcher = expression.matcher(left)
    let [pieces, from] = ['', 0]
    while (matcher.find()) {
      pieces += `${left.slice(from, matcher.start())}[${what} removed]`
      from = matcher.end()
      found.push(what)
    }
    left = pieces + left.slice(from)
  }
  return { text: left, found }
}
