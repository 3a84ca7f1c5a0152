import type { Revoked } from '../auth/revocation.ts'

const UNTIL = '([0-9]{1,16})'
const CERTIFICATE = new RegExp(`^([0-9a-f]{64}):([0-9A-F]{1,64}):${UNTIL}$`)
const SESSION = new RegExp(`^session:([0-9a-f]{64}):${UNTIL}$`)
const ACCOUNT = new RegExp(`^account:([^:\\s]{1,255}):([0-9]{1,16}):(disabled|enabled):${UNTIL}$`)
const USER = new RegExp(`^user:([^:\\s]{1,255}):([0-9]{1,16}):${UNTIL}$`)

/**
 * An entry of the live revocation list as one text: `issuer:serial:until`, `session:digest:until`,
 * `user:name:epoch:until` or `account:name:epoch:disabled:until` (or `enabled`).
 *
 * Fails closed: throws a TypeError for what could not be read again.
 */
export function memberOf(entry: Revoked): string {
  const member = textOf(entry)
  revokedOf(member)
  return member
}

/** Reads {@link memberOf}. Fails closed: throws a TypeError; without one entry the list cannot be believed. */
export function revokedOf(member: string): Revoked {
  const entry = certificateIn(member) ?? sessionIn(member) ?? userIn(member) ?? accountIn(member)
  if (entry === undefined) throw new TypeError('this is no entry of a revocation list')
  return Object.freeze(entry)
}

function textOf(entry: Revoked): string {
  switch (entry.kind) {
    case 'certificate':
      return `${entry.issuer}:${entry.serial}:${entry.until}`
    case 'session':
      return `session:${entry.digest}:${entry.until}`
    case 'user':
      return `user:${entry.user}:${entry.epoch}:${entry.until}`
    case 'account':
      return `account:${entry.user}:${entry.epoch}:${entry.disabled ? 'disabled' : 'enabled'}:${entry.until}`
  }
}

function certificateIn(member: string): Revoked | undefined {
  const [, issuer, serial, until] = CERTIFICATE.exec(member) ?? []
  if (issuer === undefined || serial === undefined) return undefined
  return { kind: 'certificate', issuer, serial, until: Number(until) }
}

function sessionIn(member: string): Revoked | undefined {
  const [, digest, until] = SESSION.exec(member) ?? []
  return digest === undefined ? undefined : { kind: 'session', digest, until: Number(until) }
}

function userIn(member: string): Revoked | undefined {
  const [, user, epoch, until] = USER.exec(member) ?? []
  return user === undefined ? undefined : { kind: 'user', user, epoch: Number(epoch), until: Number(until) }
}

function accountIn(member: string): Revoked | undefined {
  const [, user, epoch, state, until] = ACCOUNT.exec(member) ?? []
  if (user === undefined) return undefined
  return { kind: 'account', user, epoch: Number(epoch), disabled: state === 'disabled', until: Number(until) }
}
