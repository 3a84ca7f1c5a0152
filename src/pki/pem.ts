import { SallyportError } from '../errors.ts'

/** One PEM block (RFC 7468). */
export interface PemBlock {
  readonly label: string
  readonly der: Buffer
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\s([A-Za-z0-9+/=\s]+)-----END \1-----/g

/**
 * Splits PEM text into its blocks, in order; text around them is passed over.
 *
 * @throws SallyportError `CERTIFICATE_INVALID` if a block begins and never ends: a file cut short is no file
 */
export function pemBlocks(pem: string): readonly PemBlock[] {
  if (/-----BEGIN/.test(pem.replaceAll(BLOCK, '')))
    throw new SallyportError('CERTIFICATE_INVALID', 'a PEM block is broken or cut short')
  return [...pem.matchAll(BLOCK)].map(([, label = '', base64 = '']) => ({
    label,
    der: Buffer.from(base64, 'base64'),
  }))
}

/** Writes one PEM block, with lines of 64 characters. */
export function pemOf(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64')
  return `-----BEGIN ${label}-----\n${base64.replaceAll(/(.{64})(?=.)/g, '$1\n')}\n-----END ${label}-----\n`
}
