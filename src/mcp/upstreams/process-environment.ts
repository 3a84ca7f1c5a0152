import { SallyportError } from '../../errors.ts'
import type { TextWithGaps } from './options.ts'
import type { ProcessHost, StdioTransport } from './process-host.ts'

/**
 * The environment that the configuration gives a process, with its gaps filled.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` for a name or value that no environment can hold (a NUL in a value would
 *   be an argument of bubblewrap), or a secret that is not there; without the value
 */
export function processEnvironment(
  texts: Readonly<Record<string, TextWithGaps>>,
  secrets: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const own = Object.entries(texts).map(([name, text]) => [name, valueOf(name, text, secrets)] as const)
  return Object.fromEntries(own)
}

function valueOf(name: string, text: TextWithGaps, secrets: Readonly<Record<string, string>>): string {
  const value = text.map((part) => (typeof part === 'string' ? part : secretOf(part.user, secrets))).join('')
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new SallyportError('CONFIGURATION_INVALID', `${JSON.stringify(name)} is no name of a variable`)
  if (value.includes('\0'))
    throw new SallyportError('CONFIGURATION_INVALID', `The variable ${name} would hold a NUL character`)
  return value
}

function secretOf(name: string, secrets: Readonly<Record<string, string>>): string {
  const secret = Object.hasOwn(secrets, name) ? secrets[name] : undefined
  if (secret !== undefined) return secret
  throw new SallyportError('CONFIGURATION_INVALID', `The secret ${JSON.stringify(name)} was not given`)
}

/** What every process of an upstream has in its environment. */
export function baseEnvironment(
  { language }: ProcessHost,
  { path, home }: { readonly path: string; readonly home: string },
): Readonly<Record<string, string>> {
  return { PATH: path, HOME: home, LANG: language, TMPDIR: '/tmp' }
}

/** What the operator set `PATH` to; a secret of a principal is no path. */
export function pathOf({ env }: StdioTransport): string | undefined {
  const texts = env['PATH']?.filter((part) => typeof part === 'string')
  return texts?.length === env['PATH']?.length ? texts?.join('') : undefined
}
