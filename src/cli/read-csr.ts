import { createReadStream } from 'node:fs'
import { stdin } from 'node:process'
import { errnoOf, SallyportError } from '../errors.ts'

/** More than any request that is accepted, in bytes. */
const MOST = 64 * 1024

/**
 * Reads a certificate request from a file, or from standard input for `-`. Whether it is one is not judged here.
 *
 * @throws SallyportError `NOT_FOUND` if it cannot be read, `CERTIFICATE_REQUEST_REFUSED` if there is too much of it
 */
export async function readCsr(path: string): Promise<string> {
  const source: AsyncIterable<Uint8Array> = path === '-' ? stdin : createReadStream(path, { end: MOST })
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of source) {
      chunks.push(chunk)
      length += chunk.length
      if (length > MOST) break
    }
  } catch (cause) {
    const code = errnoOf(cause)
    throw new SallyportError('NOT_FOUND', `the certificate request ${path} cannot be read (${code})`, {
      cause,
    })
  }
  if (length > MOST)
    throw new SallyportError('CERTIFICATE_REQUEST_REFUSED', `the certificate request ${path} is too long`)
  return Buffer.concat(chunks).toString('latin1')
}
