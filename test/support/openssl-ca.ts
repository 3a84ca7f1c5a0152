import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openssl } from './openssl.ts'

/** What openssl is to certify. */
export interface Wanted {
  /** As `-subj` takes it: `/O=corp.example/CN=billing`. */
  readonly subject?: string
  /** Lines of an openssl configuration, as in `keyUsage = critical, digitalSignature`. */
  readonly extensions?: readonly string[]
  /** An argument of `-newkey`: `ec` (P-256), `rsa:1024`, `ed25519`. */
  readonly key?: string
  readonly digest?: string
  /** `YYYYMMDDHHMMSSZ`. */
  readonly from?: string
  readonly until?: string
  /** Options of `openssl ca`. */
  readonly more?: readonly string[]
}

/** A certificate that openssl made, and its key. */
export interface Made {
  readonly certificate: string
  readonly key: string
  /** Of the certificate. */
  readonly pem: string
}

/** A CA that openssl runs, on files of its own. */
export interface OpensslCa extends Made {
  readonly issue: (wanted: Wanted) => Made
  readonly issueCa: (name: string, wanted?: Wanted) => OpensslCa
  /** Its revocation list now, PEM. */
  readonly revocationList: (...revoked: readonly Made[]) => string
  /** Hex SHA-256 of its public key. */
  readonly pin: string
}

/** Extensions of a CA, and of a client as SPIFFE has it. */
export const CA_EXTENSIONS: readonly string[] = [
  'basicConstraints = critical, CA:TRUE',
  'keyUsage = critical, keyCertSign, cRLSign',
  'subjectKeyIdentifier = hash',
]
export const CLIENT_EXTENSIONS: readonly string[] = [
  'basicConstraints = critical, CA:FALSE',
  'keyUsage = critical, digitalSignature',
  'extendedKeyUsage = clientAuth, serverAuth',
  'authorityKeyIdentifier = keyid',
]

/** A root that openssl makes, in a folder of its own. */
export function opensslRoot(directory: string, name: string, wanted: Wanted = {}): OpensslCa {
  const files = newFiles(directory, name)
  const { subject = `/O=${name}/CN=${name} root`, extensions = CA_EXTENSIONS, key = 'ec' } = wanted
  writeFileSync(
    `${files}.cnf`,
    ['[req]', 'distinguished_name = dn', '[dn]', '[ext]', ...extensions].join('\n'),
  )
  const made = ['-keyout', `${files}.key`, '-out', `${files}.pem`, '-days', '30', '-extensions', 'ext']
  run('req', '-x509', '-config', `${files}.cnf`, ...newKey(key), '-nodes', '-subj', subject, ...made)
  return caOf(directory, name, `${files}.pem`, `${files}.key`)
}

/** A CA that is there already, run by openssl: for certificates that its own program would not make. */
export function caOf(directory: string, name: string, certificate: string, key: string): OpensslCa {
  const folder = newFiles(directory, `${name}-ca`)
  writeFileSync(`${folder}.index`, '')
  writeFileSync(`${folder}.index.attr`, 'unique_subject = no\n')
  writeFileSync(`${folder}.crlnumber`, '01\n')
  let count = 0
  const pem = readFileSync(certificate, 'utf8')
  const issue = (wanted: Wanted): Made => {
    count += 1
    return issued(`${folder}-${count}`, { folder, certificate, key }, wanted)
  }
  return {
    certificate,
    key,
    pem,
    issue,
    issueCa(below, wanted = {}) {
      const subject = `/O=${name}/CN=${below}`
      const made = issue({ subject, extensions: CA_EXTENSIONS, ...wanted })
      return caOf(directory, `${name}-${below}`, made.certificate, made.key)
    },
    revocationList(...revoked) {
      const where = ['-config', `${folder}.cnf`, '-cert', certificate, '-keyfile', key]
      writeFileSync(`${folder}.cnf`, configuration(folder, []))
      for (const made of revoked) run('ca', ...where, '-revoke', made.certificate)
      run('ca', ...where, '-gencrl', '-crldays', '30', '-md', 'sha256', '-out', `${folder}.crl`)
      return readFileSync(`${folder}.crl`, 'utf8')
    },
    pin: createHash('sha256')
      .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex'),
  }
}

interface Issuer {
  readonly folder: string
  readonly certificate: string
  readonly key: string
}

function issued(files: string, { folder, ...issuer }: Issuer, wanted: Wanted): Made {
  const { subject = '/CN=client', extensions = CLIENT_EXTENSIONS, key = 'ec', digest = 'sha256' } = wanted
  const [certificate, privateKey] = [`${files}.pem`, `${files}.key`]
  writeFileSync(`${files}.cnf`, configuration(folder, extensions))
  run(
    'req',
    '-new',
    '-config',
    `${files}.cnf`,
    ...newKey(key),
    '-nodes',
    '-subj',
    subject,
    '-keyout',
    privateKey,
    '-out',
    `${files}.csr`,
  )
  const dates = [
    '-startdate',
    wanted.from ?? '20200101000000Z',
    '-enddate',
    wanted.until ?? '20391231235959Z',
  ]
  const signer = ['-cert', issuer.certificate, '-keyfile', issuer.key, '-md', digest]
  const what = ['-in', `${files}.csr`, '-out', certificate, '-notext', '-extensions', 'ext']
  run(
    'ca',
    '-batch',
    '-preserveDN',
    '-config',
    `${files}.cnf`,
    ...signer,
    ...dates,
    ...what,
    ...(wanted.more ?? []),
  )
  return { certificate, key: privateKey, pem: readFileSync(certificate, 'utf8') }
}

function configuration(folder: string, extensions: readonly string[]): string {
  return [
    '[req]',
    'distinguished_name = dn',
    'string_mask = utf8only',
    'utf8 = yes',
    '[dn]',
    '[ca]',
    'default_ca = here',
    '[here]',
    `database = ${folder}.index`,
    `crlnumber = ${folder}.crlnumber`,
    `new_certs_dir = ${folder}`,
    'rand_serial = yes',
    'default_md = sha256',
    'policy = any',
    'email_in_dn = yes',
    '[any]',
    'countryName = optional',
    'organizationName = optional',
    'organizationalUnitName = optional',
    'commonName = optional',
    'serialNumber = optional',
    'UID = optional',
    'emailAddress = optional',
    '[ext]',
    ...extensions,
    '',
  ].join('\n')
}

function newKey(key: string): readonly string[] {
  const [kind, curve = 'P-256'] = key.split(':')
  return kind === 'ec' ? ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`] : ['-newkey', key]
}

function newFiles(directory: string, name: string): string {
  const folder = join(directory, name)
  mkdirSync(folder, { recursive: true })
  return folder
}

function run(...args: readonly string[]): void {
  const { ok, output } = openssl(...args)
  assert.ok(ok, `openssl ${args.join(' ')}\n${output}`)
}
