import { nearest } from '../nearest.ts'
import { telemetryVariables } from './telemetry-environment.ts'

type Path = readonly string[]
type Tree = Record<string, unknown>

/** Variables that stand for a setting, and where that setting is; a variable wins over the file. */
const SETTINGS: Readonly<Record<string, readonly Path[]>> = {
  SALLYPORT_STORE: [['store']],
  SALLYPORT_PORT: [['listeners', 'certificates', 'port']],
  SALLYPORT_LOGIN_PORT: [['listeners', 'people', 'port']],
  SALLYPORT_OPERATIONS_PORT: [['listeners', 'operations', 'port']],
  SALLYPORT_HOST: [
    ['listeners', 'certificates', 'host'],
    ['listeners', 'people', 'host'],
  ],
  SALLYPORT_TRUST_DOMAIN: [['trustDomain']],
}

/** Variables that are read elsewhere: in this folder, and where a CA key is opened. */
const OTHERS = [
  'SALLYPORT_AUDIT_KEY',
  'SALLYPORT_AUDIT_KEY_FILE',
  'SALLYPORT_CA_PASSPHRASE_FILE',
  'SALLYPORT_CONFIG',
  'SALLYPORT_FACTOR_KEY',
  'SALLYPORT_FACTOR_KEY_FILE',
  'SALLYPORT_IDENTITY_KEY',
  'SALLYPORT_IDENTITY_KEY_FILE',
  'SALLYPORT_SESSION_SECRET',
  'SALLYPORT_SESSION_SECRET_FILE',
]
const KNOWN: readonly string[] = [...Object.keys(SETTINGS), ...OTHERS]

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The settings of a file with those of the environment over them. */
export interface Overlaid {
  readonly value: unknown
  /** The variable that a setting came from, by its dotted path. */
  readonly from: ReadonlyMap<string, string>
  readonly faults: readonly string[]
}

/** The value of a variable; an empty one counts as unset. */
export function variable(environment: Environment, name: string): string | undefined {
  const value = environment[name]
  return value === '' ? undefined : value
}

/** One sentence for each `SALLYPORT_…` variable that does not exist: a typing error must not pass in silence. */
export function unknownVariables(environment: Environment): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('SALLYPORT_') && !KNOWN.includes(name))
    .filter((name) => variable(environment, name) !== undefined)
    .map((name) => {
      const suggestion = nearest(name, KNOWN)
      return `${name}: there is no such variable: ${suggestion === undefined ? `use one of ${KNOWN.join(', ')}` : `did you mean ${suggestion}?`}`
    })
}

/**
 * Lays the environment over the settings of a file. What the file has there is kept for everything else; a door that
 * the file turns off is not turned on by its port, which would contradict the file: that is a fault.
 *
 * @param file the settings as plain data, of any shape; not changed
 */
export function overlay(file: unknown, environment: Environment): Overlaid {
  const value: unknown = structuredClone(file ?? {})
  const from = new Map<string, string>()
  const faults: string[] = []
  for (const [name, paths] of Object.entries(SETTINGS)) {
    const text = variable(environment, name)
    if (text === undefined || !isTree(value)) continue
    const placed = paths.filter((path) => place(value, path, name.endsWith('_PORT') ? portOf(text) : text))
    for (const path of placed) from.set(path.join('.'), name)
    if (placed.length === 0) faults.push(switchedOff(name, paths))
  }
  for (const { name, path, value: said } of telemetryVariables((wanted) => variable(environment, wanted)))
    if (isTree(value) && place(value, path, said)) from.set(path.join('.'), name)
  return { value, from, faults }
}

/** Sets one value in a tree; false if there is no map to put it in. */
function place(tree: Tree, path: Path, value: unknown): boolean {
  const [key = '', ...rest] = path
  if (rest.length === 0) {
    tree[key] = value
    return true
  }
  const inner = (tree[key] ??= {})
  return isTree(inner) && place(inner, rest, value)
}

/** A number if the text is one in plain digits; else the text, which the schema then refuses. */
function portOf(text: string): unknown {
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : text
}

function switchedOff(name: string, paths: readonly Path[]): string {
  const door = paths[0]?.slice(0, -1).join('.') ?? ''
  return `${name}: ${door} is not a map in the configuration file: turn it on there, or leave the variable out`
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
