import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Config } from '../config/config.ts'
import { errnoOf, SallyportError } from '../errors.ts'
import type { ClientOptions } from '../store/redis-client.ts'

/**
 * What the store takes beside its location.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` with the file that cannot be read or is of no use
 */
export function redisOptions({ redis: { prefix, tls, sentinel } }: Config): ClientOptions {
  const { user, passwordFile } = sentinel
  const hasTls = Object.values(tls).some((path) => path !== undefined)
  return {
    prefix,
    sentinel: {
      ...(user === undefined ? {} : { username: user }),
      ...(passwordFile === undefined ? {} : { password: contentOf(passwordFile).trim() }),
    },
    ...(hasTls ? { tls: followed(tls) } : {}),
  }
}

/**
 * Reads the files for every connection anew, so that a certificate can be renewed in its place. While they are of no
 * use, as in the middle of that, those of the last connection hold.
 */
function followed(tls: Config['redis']['tls']): { readonly secureContext: SecureContext } {
  let last = contextOf(tls)
  return {
    get secureContext() {
      try {
        last = contextOf(tls)
      } catch {
        // A connection that fails for it is reported by whoever wanted it.
      }
      return last
    },
  }
}

function contextOf({ ca, certificate, key }: Config['redis']['tls']): SecureContext {
  const files = { ...contentAs('ca', ca), ...contentAs('cert', certificate), ...contentAs('key', key) }
  try {
    return createSecureContext(files)
  } catch (cause) {
    const paths = [ca, certificate, key].filter((path) => path !== undefined)
    throw invalid(`redis.tls: ${paths.join(', ')} are of no use together`, cause)
  }
}

function contentAs(name: 'ca' | 'cert' | 'key', path: string | undefined): Record<string, string> {
  return path === undefined ? {} : { [name]: contentOf(path) }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw invalid(
      `${path} cannot be read (${errnoOf(cause)}): check the paths of "redis" and their rights`,
      cause,
    )
  }
}

function invalid(message: string, cause: unknown): SallyportError {
  return new SallyportError('CONFIGURATION_INVALID', message, { cause })
}
