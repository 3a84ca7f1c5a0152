import { chmodSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { errnoOf } from '../errors.ts'
import { openToOthers } from '../config/installed-file.ts'
import { authorityFiles, clientFiles } from '../pki/files.ts'
import { findingsOf, type Check, type Finding } from './doctor-finding.ts'

const { ok, fixed, problem, sentence } = findingsOf('secret files')

/** Whether keys, secrets, the database and the audit trail are for their owner alone. Fixed by taking rights away. */
export const secretFiles: Check = {
  name: 'secret files',
  async run({ config, isFixing }) {
    const found = secretsOf(config).flatMap(([what, path]) => modeOf(what, path))
    const open = found.filter(({ fault }) => fault !== undefined)
    if (open.length === 0) return [ok(`${found.length} keys, secrets and records are for their owner alone`)]
    return open.map((file) => (isFixing ? closed(file) : sentence('problem', file.fault ?? '')))
  },
}

interface SecretFile {
  readonly what: string
  readonly path: string
  readonly mode: number
  readonly fault: string | undefined
}

function modeOf(what: string, path: string): SecretFile[] {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode
  if (mode === undefined) return []
  return [{ what, path, mode: mode & 0o777, fault: openToOthers(what, path, mode)[0] }]
}

function closed({ what, path, mode }: SecretFile): Finding {
  const wanted = mode & 0o700
  try {
    chmodSync(path, wanted)
    return fixed(`${what} ${path}: mode ${mode.toString(8)} is ${wanted.toString(8)} now`)
  } catch (error) {
    return problem(
      `${what} ${path} is open to others, and its mode cannot be changed (${errnoOf(error)})`,
      `run "chmod ${wanted.toString(8)} ${path}" as its owner`,
    )
  }
}

/** Of those that are there: what each is, and its path. */
function secretsOf(config: Config): readonly (readonly [string, string])[] {
  const { auditTrail } = config
  const { secretFile, factorKeyFile } = config.sessions
  const { rootKey, issuingKey } = authorityFiles(config.certificates)
  const optional: readonly (readonly [string, string | null | undefined])[] = [
    ['the private key of the server', config.tls.key],
    ['the session secret', secretFile],
    ['the factor key', factorKeyFile],
    ['the audit key', auditTrail.keyFile],
    ['the identity key', config.identity.keyFile],
    ['the key that signs the audit trail', auditTrail.signingKeyFile],
    ['the key of the root CA', rootKey],
    ['the key of the issuing CA', issuingKey],
    ['the key for Redis', config.redis.tls.key],
    ['the password of the sentinels', config.redis.sentinel.passwordFile],
    ...clientKeys(config),
    ...databaseFiles(config),
    ...auditFiles(config),
  ]
  return optional.flatMap(([what, path]) => (typeof path === 'string' ? [[what, path] as const] : []))
}

function clientKeys({ certificates }: Config): readonly (readonly [string, string])[] {
  return namesIn(join(certificates, 'clients')).map((name) => [
    `the key of the client ${name}`,
    clientFiles(certificates, name).key,
  ])
}

function databaseFiles({ store }: Config): readonly (readonly [string, string])[] {
  if (store.kind !== 'sqlite') return []
  return ['', '-wal', '-shm'].map((suffix) => ['the database', `${store.path}${suffix}`])
}

function auditFiles({ audit }: Config): readonly (readonly [string, string])[] {
  const names = namesIn(audit).filter((name) => /\.jsonl(?:\.\d+)?$/.test(name))
  return names.map((name) => ['the audit trail', join(audit, name)])
}

/** What cannot be listed is reported by whoever needs it. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
