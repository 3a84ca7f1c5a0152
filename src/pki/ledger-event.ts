import { isRevocationReason, type RevocationReason } from './revocation-reason.ts'

/** What kind of certificate was issued. */
export type IssuedKind = 'root' | 'issuing' | 'server' | 'client'

/** A certificate that this CA issued. Times in ISO 8601. */
export interface LedgerEntry {
  readonly v: 2
  readonly event: 'issued'
  readonly at: string
  readonly kind: IssuedKind
  /** Upper-case hex, as node:crypto prints it. */
  readonly serial: string
  /** The names in it, as the subject alternative name extension has them: a client's URI, a server's names. */
  readonly names: readonly string[]
  /** `sha256:` and the hex digest of the certificate. */
  readonly thumbprint: string
  readonly notAfter: string
  /** Serial of the first certificate of its line: its own, unless it renews another. */
  readonly lineage: string
  readonly lineageStartedAt: string
  /** Serial of the certificate that it renews. */
  readonly parent?: string
  /** Digest of the enrolment token that it was issued for, which is used up by this line. */
  readonly token?: string
  /** The patterns of permissions beyond which it can do nothing. */
  readonly ceiling?: readonly string[]
}

/** Certificates that are revoked from now on. */
export interface LedgerRevocation {
  readonly v: 2
  readonly event: 'revoked'
  readonly at: string
  /** With their descendants. */
  readonly serials: readonly string[]
  /** Digests of enrolment tokens that are withdrawn with them. */
  readonly tokens?: readonly string[]
  readonly reason: RevocationReason
  /** Who did it, for people. */
  readonly by: string
}

/** A one-time enrolment token that was offered. */
export interface LedgerToken {
  readonly v: 2
  readonly event: 'token'
  readonly at: string
  /** `sha256:` and the hex digest of the token's secret. */
  readonly digest: string
  /** The URI that the certificate will name. */
  readonly uri: string
  /** How long the certificate will live, in ms. */
  readonly life: number
  readonly ceiling?: readonly string[]
  readonly expires: string
}

/** A number was taken for a revocation list; no list ever gets it again, whatever becomes of this one. */
export interface LedgerList {
  readonly v: 2
  readonly event: 'list'
  readonly at: string
  readonly authority: 'issuing' | 'root'
  /** In decimal. */
  readonly number: string
}

/** One line of the ledger: a closed union. */
export type LedgerEvent = LedgerEntry | LedgerRevocation | LedgerToken | LedgerList

const SERIAL = /^(?:[0-9A-F]{2}){1,20}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const NUMBER = /^[0-9]{1,48}$/

/** Reads one line, without its line break; `undefined` if it is not one that is known, whole and well-formed. */
export function parseLedgerLine(line: string): LedgerEvent | undefined {
  const value = fieldsOf(line)
  return value === undefined
    ? undefined
    : (issuedOf(value) ?? revokedOf(value) ?? tokenOf(value) ?? listOf(value))
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

function issuedOf(value: Fields): LedgerEntry | undefined {
  const { v, event, at, kind, serial, names, thumbprint, notAfter, parent, token, ceiling } = value
  // The first version knew no lines: each certificate is the first of its own.
  const { lineage = serial, lineageStartedAt = at } = v === 1 ? {} : value
  if ((v !== 1 && v !== 2) || event !== 'issued' || !isKind(kind) || !isListOf(names, isText))
    return undefined
  if (!isTime(at) || !isTime(notAfter) || !isTime(lineageStartedAt)) return undefined
  if (!isLike(SERIAL, serial) || !isLike(SERIAL, lineage) || !isLike(DIGEST, thumbprint)) return undefined
  if (parent !== undefined && !isLike(SERIAL, parent)) return undefined
  if (token !== undefined && !isLike(DIGEST, token)) return undefined
  if (ceiling !== undefined && !isListOf(ceiling, isText)) return undefined
  return {
    v: 2,
    event,
    at,
    kind,
    serial,
    names,
    thumbprint,
    notAfter,
    lineage,
    lineageStartedAt,
    ...(parent === undefined ? {} : { parent }),
    ...(token === undefined ? {} : { token }),
    ...(ceiling === undefined ? {} : { ceiling }),
  }
}

function revokedOf({ v, event, at, serials, tokens, reason, by }: Fields): LedgerRevocation | undefined {
  if (v !== 2 || event !== 'revoked' || !isTime(at) || !isText(by)) return undefined
  if (!isListOf(serials, isSerial) || !isText(reason) || !isRevocationReason(reason)) return undefined
  if (tokens !== undefined && !isListOf(tokens, isDigest)) return undefined
  return { v, event, at, serials, ...(tokens === undefined ? {} : { tokens }), reason, by }
}

function tokenOf({ v, event, at, digest, uri, life, ceiling, expires }: Fields): LedgerToken | undefined {
  if (v !== 2 || event !== 'token' || !isTime(at) || !isTime(expires)) return undefined
  if (!isLike(DIGEST, digest) || !isText(uri) || typeof life !== 'number') return undefined
  if (ceiling !== undefined && !isListOf(ceiling, isText)) return undefined
  return { v, event, at, digest, uri, life, ...(ceiling === undefined ? {} : { ceiling }), expires }
}

function listOf({ v, event, at, authority, number }: Fields): LedgerList | undefined {
  if (v !== 2 || event !== 'list' || !isTime(at) || !isLike(NUMBER, number)) return undefined
  return authority === 'issuing' || authority === 'root' ? { v, event, at, authority, number } : undefined
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isKind(value: unknown): value is IssuedKind {
  return value === 'root' || value === 'issuing' || value === 'server' || value === 'client'
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isSerial(value: unknown): value is string {
  return isLike(SERIAL, value)
}

function isDigest(value: unknown): value is string {
  return isLike(DIGEST, value)
}

function isLike(pattern: RegExp, value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value)
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && Number.isFinite(Date.parse(value))
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isItem)
}
