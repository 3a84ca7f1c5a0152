/** A piece of a text of the configuration: as it stands, or to be filled in from somewhere. */
export type TextPiece =
  | { readonly kind: 'text'; readonly text: string }
  /** `${NAME}`: a variable of the environment. */
  | { readonly kind: 'variable'; readonly name: string }
  /** `${file:PATH}`: a file without its last line break; as written. */
  | { readonly kind: 'file'; readonly path: string }
  /** `${user:NAME}`: what each principal keeps for this upstream. */
  | { readonly kind: 'user'; readonly name: string }

/** The pieces of a text, or what is wrong with it, as the end of a sentence. */
export type ReadPieces =
  | { readonly kind: 'pieces'; readonly pieces: readonly TextPiece[] }
  | { readonly kind: 'fault'; readonly sentence: string }

/** What a variable of the environment is called (POSIX). */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
/** What a secret of a principal is called. */
export const SECRET_NAME: RegExp = /^[a-z][a-z0-9-]{0,63}$/

/** A gap, or two dollars and a bracket, which stand for one dollar and a bracket. */
const GAP = /\$\$\{|\$\{([^}]*)\}?/g

/**
 * Takes a text apart at its gaps: `${NAME}`, `${file:PATH}`, `${user:NAME}`. `$${` stands for `${`.
 *
 * Fails closed: a gap that is not closed or of no known kind is a fault, never text.
 */
export function readPieces(text: string): ReadPieces {
  const pieces: TextPiece[] = []
  let end = 0
  for (const found of text.matchAll(GAP)) {
    const [whole, inner] = found
    pieces.push({ kind: 'text', text: text.slice(end, found.index) })
    end = found.index + whole.length
    if (inner === undefined) {
      pieces.push({ kind: 'text', text: '${' })
      continue
    }
    const gap = whole.endsWith('}') ? gapOf(inner) : undefined
    if (gap === undefined) return { kind: 'fault', sentence: `has "${beginOf(whole)}", which ${HELP}` }
    pieces.push(gap)
  }
  pieces.push({ kind: 'text', text: text.slice(end) })
  return { kind: 'pieces', pieces: pieces.filter((piece) => piece.kind !== 'text' || piece.text !== '') }
}

const HELP =
  'is no gap to fill: write ${NAME} for a variable, ${file:PATH} for a file, ${user:name} for a secret of each user, and $${ for these two signs themselves'

function gapOf(inner: string): TextPiece | undefined {
  if (VARIABLE.test(inner)) return { kind: 'variable', name: inner }
  const [kind, rest] = [inner.slice(0, inner.indexOf(':')), inner.slice(inner.indexOf(':') + 1)]
  if (kind === 'file' && rest !== '') return { kind, path: rest }
  return kind === 'user' && SECRET_NAME.test(rest) ? { kind, name: rest } : undefined
}

/** So much that it can be found, and not so much that a secret which stands there by mistake is told. */
function beginOf(gap: string): string {
  return gap.length > 12 ? `${gap.slice(0, 8)}…` : gap
}
