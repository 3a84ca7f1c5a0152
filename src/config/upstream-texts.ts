import { readFileSync } from 'node:fs'
import { errnoOf, SallyportError } from '../errors.ts'
import { variable, type Environment } from './environment.ts'
import { readPieces, type TextPiece } from './text-with-gaps.ts'
import { urlFaults } from './upstream-faults.ts'
import type { UpstreamSettings } from './upstream-settings.ts'

/** A text with gaps for what each principal keeps. */
export type FilledText = readonly (string | { readonly user: string })[]

/** What an upstream is started or reached by, with everything filled in that is not a principal's. Full of secrets. */
export interface UpstreamTexts {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string | undefined
  readonly url: string
  readonly env: Readonly<Record<string, FilledText>>
  readonly headers: Readonly<Record<string, FilledText>>
}

/** One upstream of the configuration, behind functions, since a secret may stand in its texts. */
export interface ConfiguredUpstream {
  readonly name: string
  /** As written, paths absolute; to be looked at only for what is no text of it. */
  settings(): UpstreamSettings
  /**
   * Fills the gaps.
   *
   * @throws SallyportError `CONFIGURATION_INVALID` naming each variable and file that is missing, never what is in it
   */
  texts(): UpstreamTexts
  /** Files that gaps are filled from, absolute: secrets of this upstream, and no business of another one. */
  secretFiles(): readonly string[]
}

/** Largest file that a gap is filled from, in bytes. */
const LARGEST = 65_536

/** @param inFile makes paths of the configuration file absolute */
export function configuredUpstream(
  name: string,
  settings: UpstreamSettings,
  environment: Environment,
  inFile: (path: string) => string,
): ConfiguredUpstream {
  return {
    name,
    settings: () => settings,
    texts: () => textsOf(name, settings, environment, inFile),
    secretFiles: () => filesIn({ ...settings.env, ...settings.headers }).map(inFile),
  }
}

function filesIn(texts: Readonly<Record<string, string>>): readonly string[] {
  return Object.values(texts)
    .flatMap(piecesOf)
    .flatMap((piece) => (piece.kind === 'file' ? [piece.path] : []))
}

function textsOf(
  name: string,
  settings: UpstreamSettings,
  environment: Environment,
  inFile: (path: string) => string,
): UpstreamTexts {
  const faults: string[] = []
  const fill = (where: string, text: string): FilledText =>
    piecesOf(text).map((piece) => {
      const found = filled(piece, environment, inFile)
      if (typeof found !== 'object' || 'user' in found) return found
      faults.push(`upstreams.${name}.${where}: ${found.fault}`)
      return ''
    })
  const whole = (where: string, text = ''): string =>
    fill(where, text)
      .filter((piece) => typeof piece === 'string')
      .join('')
  const map = (where: string, texts: Readonly<Record<string, string>> = {}): Record<string, FilledText> =>
    Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, fill(`${where}.${key}`, text)]))
  const texts = {
    command: whole('command', settings.command),
    args: (settings.args ?? []).map((text, index) => whole(`args[${index}]`, text)),
    cwd: settings.cwd === undefined ? undefined : inFile(whole('cwd', settings.cwd)),
    url: whole('url', settings.url),
    env: map('env', settings.env),
    headers: map('headers', settings.headers),
  }
  if (settings.url !== undefined && faults.length === 0)
    for (const sentence of urlFaults(texts.url, settings.unsafePlainHttp, settings.tls !== undefined))
      faults.push(`upstreams.${name}.url: ${sentence}`)
  faults.push(...headerFaults(name, texts.headers))
  if (faults.length > 0) throw new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
  return texts
}

function piecesOf(text: string): readonly TextPiece[] {
  const read = readPieces(text)
  return read.kind === 'pieces' ? read.pieces : []
}

function filled(
  piece: TextPiece,
  environment: Environment,
  inFile: (path: string) => string,
): string | { readonly user: string } | { readonly fault: string } {
  switch (piece.kind) {
    case 'text':
      return piece.text
    case 'user':
      return { user: piece.name }
    case 'variable':
      return (
        variable(environment, piece.name) ?? {
          fault: `the variable ${piece.name} is not set: set it for the server, or leave it out here`,
        }
      )
    case 'file':
      return contentOf(inFile(piece.path))
  }
}

function contentOf(path: string): string | { readonly fault: string } {
  try {
    const text = readFileSync(path, 'utf8')
    return text.length > LARGEST
      ? { fault: `${path} is larger than ${LARGEST} bytes, which is no secret: name the right file` }
      : text.replace(/\r?\n$/, '')
  } catch (error) {
    return { fault: `${path} cannot be read (${errnoOf(error)}): check path and rights` }
  }
}

/** RFC 9110, 5.5: what could end a header and begin another one. */
function headerFaults(name: string, headers: UpstreamTexts['headers']): string[] {
  return Object.entries(headers).flatMap(([header, pieces]) =>
    pieces.some((piece) => typeof piece === 'string' && /[^\t\x20-\x7e\x80-\xff]/.test(piece))
      ? [
          `upstreams.${name}.headers.${header}: has line breaks or signs that a header cannot have: take them out`,
        ]
      : [],
  )
}
