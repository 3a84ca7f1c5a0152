import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { errnoOf, SallyportError } from '../errors.ts'
import { faultsOf, pathText, readYaml } from '../yaml-source.ts'
import type { YamlSource } from '../yaml-source.ts'
import { auditWithPaths, type AuditSettings } from './audit-settings.ts'
import { overlay, unknownVariables, variable } from './environment.ts'
import { contradictions } from './contradictions.ts'
import type { Environment, Overlaid } from './environment.ts'
import { AUDIT_KEY, FACTOR_KEY, IDENTITY_KEY, SESSION_SECRET, sharedSecrets } from './shared-secrets.ts'
import type { RedisSettings } from './redis-settings.ts'
import { settingsSchema } from './settings.ts'
import type { Settings } from './settings.ts'
import { parseStoreLocation } from './store-location.ts'
import type { StoreLocation } from './store-location.ts'
import type { AuthorityPaths } from './trust-settings.ts'
import type { UpstreamSettings } from './upstream-settings.ts'
import { configuredUpstream, type ConfiguredUpstream } from './upstream-texts.ts'

/**
 * Everything that can be set, with defaults filled in; frozen. Paths are absolute, durations in ms. No secret can be
 * printed from it: those are behind functions.
 */
export interface Config extends Omit<Settings, 'store' | 'sessions' | 'audit' | 'identity' | 'upstreams'> {
  /** The file it was read from, or null where there is none. */
  readonly file: string | null
  /** The folder that relative paths start from. */
  readonly directory: string
  readonly store: StoreLocation
  readonly sessions: Omit<Settings['sessions'], 'secretFile' | 'factorKeyFile'> & {
    /** The file that `init` makes, or null when the secrets come from the environment. */
    readonly secretFile: string | null
    /** As `secretFile`, for the factor keys. */
    readonly factorKeyFile: string | null
  }
  /** The folder of the audit trail. */
  readonly audit: string
  readonly auditTrail: Omit<AuditSettings, 'keyFile'> & {
    /** As `secretFile`, for the audit key. */
    readonly keyFile: string | null
  }
  readonly identity: Omit<Settings['identity'], 'keyFile'> & {
    /** As `secretFile`, for the identity key. */
    readonly keyFile: string | null
  }
  /** MCP servers behind this one, but for those that are disabled, in the order of their names. */
  upstreams(): readonly ConfiguredUpstream[]
  /** Newest first. Throws `CONFIGURATION_INVALID` while the file that `init` makes is missing or unfit. */
  sessionSecrets(): readonly string[]
  /** As `sessionSecrets`, for what seals the credentials of users. */
  factorKeys(): readonly string[]
  /** As `sessionSecrets`, for the digests of arguments. */
  auditKeys(): readonly string[]
  /** As `sessionSecrets`, for what signs what upstreams are told of who calls. */
  identityKeys(): readonly string[]
}

const DEFAULT_FILE = 'sallyport.yaml'

/** The configuration file: where it is, where paths start from, and what it says. */
interface Found {
  readonly file: string | null
  readonly directory: string
  readonly source: YamlSource | undefined
  readonly faults: readonly string[]
}

/**
 * Reads the configuration: `SALLYPORT_CONFIG`, else `sallyport.yaml` in the working directory, else defaults; then the
 * environment over it.
 *
 * Fails closed: an unknown key, an unknown `SALLYPORT_…` variable or a contradiction is a fault, never ignored.
 *
 * @param workingDirectory absolute; paths in variables start from it, those in the file from the file's folder
 * @throws SallyportError `CONFIGURATION_INVALID` with every fault, one sentence per line
 */
export function loadConfig(environment: Environment, workingDirectory: string): Config {
  const found = find(environment, workingDirectory)
  const overlaid = overlay(found.source?.value, environment)
  const parsed = settingsSchema.safeParse(overlaid.value)
  const shape = parsed.success ? [] : faultsOf(parsed.error).map((fault) => sentence(fault, found, overlaid))
  const faults = [...unknownVariables(environment), ...found.faults, ...overlaid.faults, ...shape]
  if (!parsed.success || found.faults.length > 0)
    throw invalid([...faults, ...secretFaults(environment, workingDirectory)])
  return configOf(parsed.data, { found, overlaid, environment, workingDirectory, faults })
}

function invalid(faults: readonly string[]): SallyportError {
  return new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
}

function find(environment: Environment, workingDirectory: string): Found {
  const named = variable(environment, 'SALLYPORT_CONFIG')
  const path = resolve(workingDirectory, named ?? DEFAULT_FILE)
  const directory = dirname(path)
  try {
    return { file: path, directory, ...readYaml(readFileSync(path, 'utf8'), path) }
  } catch (error) {
    const code = errnoOf(error)
    if (named === undefined && code === 'ENOENT')
      return { file: null, directory, source: undefined, faults: [] }
    const help = named === undefined ? 'check its rights' : 'check the path in SALLYPORT_CONFIG'
    return { file: path, directory, source: undefined, faults: [`${path} cannot be read (${code}): ${help}`] }
  }
}

function sentence(
  fault: { path: readonly PropertyKey[]; sentence: string },
  found: Found,
  overlaid: Overlaid,
): string {
  const path = pathText(fault.path)
  const name = overlaid.from.get(path)
  if (name !== undefined) return `${name}: ${fault.sentence}`
  const where = found.source?.at(fault.path) ?? DEFAULT_FILE
  return `${where}: ${path === '' ? '' : `${path}: `}${fault.sentence}`
}

/** What is needed to finish a configuration whose shape is good. */
interface Ground {
  readonly found: Found
  readonly overlaid: Overlaid
  readonly environment: Environment
  readonly workingDirectory: string
  readonly faults: readonly string[]
}

function configOf(settings: Settings, ground: Ground): Config {
  const { found, overlaid, environment, workingDirectory } = ground
  const say = (path: readonly PropertyKey[], text: string): string =>
    sentence({ path, sentence: text }, found, overlaid)
  const inFile = (path: string): string => resolve(found.directory, path)
  const inWorkingDirectory = (path: string): string => resolve(workingDirectory, path)
  const store = parseStoreLocation(settings.store, overlaid.from.has('store') ? inWorkingDirectory : inFile)
  const shared = [environment, store] as const
  const secrets = sharedSecrets(
    SESSION_SECRET,
    ...shared,
    inFile(settings.sessions.secretFile),
    inWorkingDirectory,
  )
  const factor = sharedSecrets(
    FACTOR_KEY,
    ...shared,
    inFile(settings.sessions.factorKeyFile),
    inWorkingDirectory,
  )
  const trail = auditWithPaths(settings.audit, inFile)
  const audit = sharedSecrets(AUDIT_KEY, ...shared, trail.keyFile, inWorkingDirectory)
  const identity = sharedSecrets(
    IDENTITY_KEY,
    ...shared,
    inFile(settings.identity.keyFile),
    inWorkingDirectory,
  )
  const faults = [
    ...ground.faults,
    ...contradictions(settings).map((fault) => say(fault.path, fault.sentence)),
    ...(store === undefined
      ? [
          say(
            ['store'],
            'must be sqlite:PATH, redis://HOST…, redis+sentinel://HOST,…/MASTER or redis+cluster://HOST,…',
          ),
        ]
      : []),
    ...secrets.faults,
    ...factor.faults,
    ...audit.faults,
    ...identity.faults,
  ]
  if (store === undefined || faults.length > 0) throw invalid(faults)
  const { upstreams: configured, ...own } = withPaths(settings, inFile)
  const upstreams = Object.entries(deepFrozen(configured))
    .filter(([, { disabled }]) => !disabled)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, upstream]) => configuredUpstream(name, upstream, environment, inFile))
  return deepFrozen({
    ...own,
    file: found.file,
    directory: found.directory,
    store,
    sessions: { ...settings.sessions, secretFile: secrets.file, factorKeyFile: factor.file },
    audit: trail.directory,
    auditTrail: { ...trail, keyFile: audit.file },
    identity: { ...settings.identity, keyFile: identity.file },
    upstreams: () => upstreams,
    sessionSecrets: secrets.read,
    factorKeys: factor.read,
    auditKeys: audit.read,
    identityKeys: identity.read,
  })
}

/** What can be said about the secrets while the store is not known. */
function secretFaults(environment: Environment, workingDirectory: string): readonly string[] {
  return [SESSION_SECRET, FACTOR_KEY, AUDIT_KEY, IDENTITY_KEY].flatMap(
    (kind) =>
      sharedSecrets(kind, environment, undefined, '', (path) => resolve(workingDirectory, path)).faults,
  )
}

function withPaths(settings: Settings, inFile: (path: string) => string): Settings {
  const { tls, trust } = settings
  return {
    ...settings,
    tls: { ...tls, certificate: inFile(tls.certificate), key: inFile(tls.key) },
    trust: {
      ...withAuthorityPaths(trust, inFile),
      bundles: trust.bundles.map((bundle) => withAuthorityPaths(bundle, inFile)),
    },
    certificates: inFile(settings.certificates),
    redis: withRedisPaths(settings.redis, inFile),
    authority: {
      ...settings.authority,
      publish: settings.authority.publish === false ? false : inFile(settings.authority.publish),
    },
    issuer: { socket: inFile(settings.issuer.socket) },
    access: inFile(settings.access),
    tools: settings.tools.map(inFile),
    upstreams: Object.fromEntries(
      Object.entries(settings.upstreams).map(([name, one]) => [name, withUpstreamPaths(one, inFile)]),
    ),
    pins: { ...settings.pins, file: inFile(settings.pins.file) },
  }
}

function withRedisPaths(redis: RedisSettings, inFile: (path: string) => string): RedisSettings {
  const { tls, sentinel } = redis
  const { passwordFile } = sentinel
  return {
    ...redis,
    tls: Object.fromEntries(Object.entries(tls).map(([name, path]) => [name, path && inFile(path)])),
    sentinel: { ...sentinel, ...(passwordFile === undefined ? {} : { passwordFile: inFile(passwordFile) }) },
  }
}

function withUpstreamPaths(
  { tls, sandbox, container, ...rest }: UpstreamSettings,
  inFile: (path: string) => string,
): UpstreamSettings {
  const { ca, cert, key } = tls ?? {}
  const files = Object.entries({ ca, cert, key }).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, inFile(path)] as const],
  )
  const shown = <Part extends { readonly read: readonly string[]; readonly write: readonly string[] }>(
    part: Part,
  ): Part => ({ ...part, read: part.read.map(inFile), write: part.write.map(inFile) })
  return {
    ...rest,
    ...(tls === undefined ? {} : { tls: { pins: tls.pins, ...Object.fromEntries(files) } }),
    ...(sandbox === undefined ? {} : { sandbox: shown(sandbox) }),
    ...(container === undefined ? {} : { container: shown(container) }),
  }
}

function withAuthorityPaths<Paths extends AuthorityPaths>(
  paths: Paths,
  inFile: (path: string) => string,
): Paths {
  const { roots, issuers, revocationLists } = paths
  const lists = revocationLists === undefined ? {} : { revocationLists: inFile(revocationLists) }
  return { ...paths, roots: inFile(roots), issuers: inFile(issuers), ...lists }
}

function deepFrozen<T extends object>(value: T): T {
  for (const inner of Object.values(value))
    if (typeof inner === 'object' && inner !== null && !Object.isFrozen(inner)) deepFrozen(inner)
  return Object.freeze(value)
}
