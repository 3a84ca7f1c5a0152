import { hash } from 'node:crypto'
import { exactBase64 } from './exact-base64.ts'

/** What Envoy says in an element; some may come more than once. */
const FIELDS: ReadonlySet<string> = new Set(['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns'])
const SEVERAL: ReadonlySet<string> = new Set(['by', 'uri', 'dns'])

/** One field and what follows it: a quoted value, in which a backslash escapes, or one without any delimiter. */
const FIELD = /([A-Za-z]+)=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^",;=\s]*))(;|$)/y
/** URL-encoded ASCII (RFC 3986, section 2.1). */
const ENCODED = /^[A-Za-z0-9._~-]*(?:%[0-7][0-9A-Fa-f][A-Za-z0-9._~-]*)*$/
const PEM = /^-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----(?:\r?\n)?$/

interface Field {
  readonly name: string
  readonly value: string
  readonly isQuoted: boolean
}

/**
 * Reads an `X-Forwarded-Client-Cert` header (XFCC) as Envoy writes it, of one element: its `Cert`, the URL-encoded PEM
 * of the client's certificate.
 *
 * Fails closed: several elements (a proxy that appends to what a client sent), an unknown field, a doubled one and
 * loose quoting are not read. Subject, URI and DNS are text of the client's certificate, which proxies do not always
 * quote; so that no `Cert` is smuggled in with them, `Hash`, which no client can choose, must be beside them and fit.
 *
 * @returns the bytes, which may still be no certificate
 */
export function readForwardedClientCert(value: string): Buffer | undefined {
  const fields = fieldsOf(value)
  const certificate = fields?.find(({ name }) => name === 'cert')
  if (fields === undefined || certificate?.isQuoted !== true) return undefined
  const bytes = bytesOf(certificate.value)
  return bytes !== undefined && (fields.length === 1 || hashFits(fields, bytes)) ? bytes : undefined
}

function hashFits(fields: readonly Field[], bytes: Buffer): boolean {
  const claimed = fields.find(({ name }) => name === 'hash')?.value
  return claimed?.toLowerCase() === hash('sha256', bytes)
}

/** The fields of the one element; `undefined` if it is not well-formed to its last character. */
function fieldsOf(value: string): readonly Field[] | undefined {
  const fields: Field[] = []
  for (let at = 0, isMore = true; isMore;) {
    FIELD.lastIndex = at
    const [whole, key, quoted, bare = '', end] = FIELD.exec(value) ?? []
    if (whole === undefined || key === undefined) return undefined
    const name = key.toLowerCase()
    if (!FIELDS.has(name) || (!SEVERAL.has(name) && fields.some((field) => field.name === name)))
      return undefined
    fields.push({ name, value: quoted ?? bare, isQuoted: quoted !== undefined })
    at += whole.length
    isMore = end === ';'
  }
  return fields
}

/** The bytes of one PEM block, URL-encoded. */
function bytesOf(encoded: string): Buffer | undefined {
  if (!ENCODED.test(encoded)) return undefined
  const pem = decodeURIComponent(encoded)
  const body = PEM.exec(pem)?.[1]
  return body === undefined ? undefined : exactBase64(body.replaceAll(/[\r\n]+/g, ''))
}
