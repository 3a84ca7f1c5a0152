import { Environment } from '@marcbachmann/cel-js'
import type { ASTNode } from '@marcbachmann/cel-js'
import { argumentsType } from './cel-schema.ts'
import { nodesOf, selectionOf } from './cel-syntax.ts'
import type { JsonType, ObjectType } from './cel-type.ts'
import type { ConditionScope } from './condition.ts'

/** What parses and checks the conditions of one scope, and what its arguments are. */
export interface CelEnvironment {
  readonly environment: Environment
  readonly argsType: ObjectType
}

const TIMESTAMP = 'google.protobuf.Timestamp'
const DURATION = 'google.protobuf.Duration'
const NO_FIELDS: ObjectType = { kind: 'object', fields: new Map(), isOpen: false }

/** Stands for `has` while types are checked, see {@link checkedSource}. As long, and no name that anybody may write. */
const HAS = '_h_'

/** What `args` of a rule is, by its schema. A pure memo: 1,000 rules over 200 tools make 200 environments. */
const RULES = new WeakMap<object, CelEnvironment>()

const PRINCIPAL = { id: 'string', kind: 'string', name: 'string', attributes: 'map<string, string>' }

const GRANT = grantEnvironment()
const HIDE: CelEnvironment = { environment: ruleEnvironment(), argsType: NO_FIELDS }

/** The environment of a scope. */
export function environmentOf(scope: ConditionScope): CelEnvironment {
  if (scope.kind === 'grant') return GRANT
  if (!scope.hasArguments) return HIDE
  const { inputSchema } = scope.entry
  const kept = RULES.get(inputSchema)
  if (kept !== undefined) return kept
  const argsType = argumentsType(inputSchema)
  const made = { environment: withArguments(argsType, []), argsType }
  RULES.set(inputSchema, made)
  return made
}

/** The same environment, in which open objects have also the fields that a condition reads of them. */
export function opened({ environment, argsType }: CelEnvironment, tree: ASTNode): Environment {
  if (!hasOpen(argsType)) return environment
  const names = nodesOf(tree).flatMap((node) => selectionOf(node)?.field ?? [])
  return withArguments(argsType, names)
}

/**
 * The source whose types are to be checked: `has` takes the field for granted in the library, so a name that looks
 * like any other function stands in its place.
 */
export function checkedSource(source: string, tree: ASTNode): string {
  const starts = nodesOf(tree).flatMap((node) =>
    node.op === 'call' && node.args[0] === 'has' ? [node.start] : [],
  )
  return starts.reduce((text, start) => text.slice(0, start) + HAS + text.slice(start + HAS.length), source)
}

function base(): Environment {
  const environment = new Environment({ limits: { maxAstNodes: 500, maxDepth: 32 } })
  for (const signature of [
    'matches(string, string): bool',
    'within(string, string): bool',
    'cidr(string, string): bool',
    'glob(string, string): bool',
    `${HAS}(dyn): bool`,
  ])
    environment.registerFunction(signature, never, { async: false })
  record(environment, 'auth.certificate', { uri: 'string', issuer: 'string' })
  const auth = {
    methods: 'list<string>',
    age: DURATION,
    mfaAge: DURATION,
    address: 'string',
    certificate: 'auth.certificate',
  }
  return clock(variable(environment, 'auth', auth))
}

function clock(environment: Environment): Environment {
  variable(environment, 'now', { time: TIMESTAMP })
  for (const [name, returnType] of [
    ['hour', 'int'],
    ['minute', 'int'],
    ['weekday', 'string'],
  ] as const)
    environment.registerFunction({
      name,
      receiverType: 'now',
      returnType,
      params: [{ type: 'string' }],
      handler: never,
      async: false,
    })
  return environment
}

function grantEnvironment(): CelEnvironment {
  return { environment: variable(base(), 'principal', PRINCIPAL), argsType: NO_FIELDS }
}

function ruleEnvironment(): Environment {
  const environment = variable(base(), 'principal', { ...PRINCIPAL, roles: 'list<string>' })
  return variable(environment, 'tool', {
    name: 'string',
    upstream: 'string',
    annotations: 'map<string, dyn>',
  })
}

function withArguments(type: ObjectType, names: readonly string[]): Environment {
  const environment = HIDE.environment.clone()
  environment.registerVariable('resource', 'string')
  let count = 0
  const declare = ({ fields, isOpen }: ObjectType, name: string): string => {
    const more = isOpen ? names.map((field): [string, string] => [field, 'dyn']) : []
    const known = [...fields].map(([field, of]): [string, string] => [field, typeName(of)])
    record(environment, name, Object.fromEntries([...more, ...known]))
    return name
  }
  const typeName = (of: JsonType): string => {
    switch (of.kind) {
      case 'list':
        return `list<${typeName(of.of)}>`
      case 'map':
        return 'map<string, dyn>'
      case 'object':
        return declare(of, `args.object${(count += 1)}`)
      case 'string':
      case 'int':
      case 'double':
      case 'bool':
      case 'dyn':
        return of.kind
    }
  }
  return environment.registerVariable('args', declare(type, 'args.object0'))
}

function variable(
  environment: Environment,
  name: string,
  fields: Readonly<Record<string, string>>,
): Environment {
  return record(environment, name, fields).registerVariable(name, name)
}

function record(
  environment: Environment,
  name: string,
  fields: Readonly<Record<string, string>>,
): Environment {
  return environment.registerType({ name, fields: { ...fields } })
}

function hasOpen(type: JsonType): boolean {
  if (type.kind === 'list') return hasOpen(type.of)
  return type.kind === 'object' && (type.isOpen || [...type.fields.values()].some(hasOpen))
}

/** The library parses and checks for us, and runs nothing. */
function never(): never {
  throw new Error('conditions are run by cel-compile.ts')
}
