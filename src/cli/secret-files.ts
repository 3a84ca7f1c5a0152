import { readFile } from 'node:fs/promises'
import { InvalidArgumentError, type Command } from 'commander'
import { errnoOf, SallyportError } from '../errors.ts'
import { fitsSecret, LONGEST_SECRET } from '../login/secret-value.ts'

/** Paths of files by `UPSTREAM/NAME`: a key of one upstream is sent to no other that asks for one of the same name. */
export type SecretFiles = ReadonlyMap<string, string>

/** Adds the option that stands in for somebody at a terminal, as `secretFile`. */
export function withSecretFiles(command: Command): Command {
  return command.option(
    '--secret-file <upstream/name=path>',
    'file of a key that the upstream wants of each user; else it is asked for; may be repeated',
    secretFile,
  )
}

function secretFile(text: string, before: SecretFiles = new Map()): SecretFiles {
  const { key, path } = /^(?<key>[^/=]+\/[^/=]+)=(?<path>.+)$/s.exec(text)?.groups ?? {}
  if (key === undefined || path === undefined)
    throw new InvalidArgumentError('Write UPSTREAM/NAME=PATH, as in wiki/token=/run/secrets/wiki-token.')
  return new Map([...before, [key, path]])
}

/**
 * The keys in these files, by `UPSTREAM/NAME`; a line break at the end of a file is none of the key.
 *
 * @throws SallyportError `NOT_FOUND` for a file that cannot be read, `REFUSED` for what is no key; without what is in it
 */
export async function secretsIn(files: SecretFiles): Promise<ReadonlyMap<string, string>> {
  return new Map(
    await Promise.all([...files].map(async ([key, path]) => [key, await secretIn(path)] as const)),
  )
}

async function secretIn(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SallyportError(
      'NOT_FOUND',
      `${path} cannot be read (${errnoOf(cause)}): check path and rights`,
      {
        cause,
      },
    )
  })
  const value = text.replace(/\r?\n$/, '')
  if (fitsSecret(value)) return value
  throw new SallyportError(
    'REFUSED',
    `${path} has no key: one is a line of at most ${LONGEST_SECRET} bytes, without control characters`,
  )
}
