import assert from 'node:assert/strict'
import fc from 'fast-check'
import { stringify } from 'yaml'
import type { Action } from '../../src/access/decision.ts'
import type { Surface } from '../../src/access/surface.ts'
import type { CertificateProof, Proofs } from '../../src/auth/context.ts'
import { parsePrincipal, type Principal } from '../../src/auth/principal.ts'
import {
  textOf,
  type Condition,
  type ReferenceGrant,
  type ReferenceLimit,
  type ReferencePolicy,
  type ReferenceRequest,
  type ReferenceRole,
  type ReferenceRule,
  type Subject,
  type Value,
  type World,
} from './reference-policy.ts'

/** Policies, callers and calls at random, over a surface that is small enough for them to meet. */

const TOOL_SCHEMA = {
  type: 'object',
  properties: {
    path: { type: 'string' },
    owner: { type: 'string' },
    n: { type: 'integer' },
    x: { type: 'number' },
    tags: { type: 'array', items: { type: 'string' } },
  },
  additionalProperties: false,
}
const TEXTS = { type: 'object', properties: { id: { type: 'string' } }, additionalProperties: false }

const tool = (name: string, permission: `${string}:${string}`): Surface[number] => ({
  kind: 'tool',
  name,
  permission,
  upstream: null,
  annotations: {},
  inputSchema: TOOL_SCHEMA,
})

/** What there is to decide on. */
export const SURFACE: Surface = [
  tool('files_read', 'files:read'),
  tool('files_write', 'files:write'),
  tool('bank_pay', 'bank:pay'),
  { ...tool('ping', 'any:any'), permission: 'authenticated' },
  {
    kind: 'prompt',
    name: 'summarize',
    permission: 'notes:read',
    upstream: null,
    annotations: null,
    inputSchema: TEXTS,
  },
  {
    kind: 'resource',
    name: 'note://{id}',
    permission: 'notes:read',
    upstream: null,
    annotations: null,
    inputSchema: TEXTS,
  },
]

export const PRINCIPALS = ['service:a', 'service:b', 'agent:c', 'user:alice', 'user:bob'] as const
const OWNERS: Readonly<Record<string, string>> = { 'service:a': 'user:alice', 'agent:c': 'user:bob' }
const TEAMS: Readonly<Record<string, string>> = { 'service:a': 'red', 'user:alice': 'blue' }
const ISSUERS = ['CN=Corp CA', 'CN=Sallyport'] as const
const ROLE_NAMES = ['reader', 'writer', 'payer', 'chief'] as const
const GROUP_NAMES = ['sre', 'ops'] as const
const MINUTE = 60_000
const START = Date.UTC(2026, 10, 21, 9, 30)

const argument = (world: World, name: string): unknown =>
  world.asked !== undefined && Object.hasOwn(world.asked.args, name) ? world.asked.args[name] : undefined

const atom = (text: string, isOfArguments: boolean, value: (world: World) => Value): Condition => ({
  op: 'atom',
  text,
  isOfArguments,
  value,
})
const ofString = (name: string, test: (value: string, world: World) => boolean) => (world: World) => {
  const value = argument(world, name)
  return typeof value === 'string' ? test(value, world) : 'error'
}

const ARGUMENT_ATOMS: readonly Condition[] = [
  atom(
    'args.owner == principal.id',
    true,
    ofString('owner', (value, { proofs }) => value === proofs.principal.id),
  ),
  atom(
    'args.path.startsWith("/etc/")',
    true,
    ofString('path', (value) => value.startsWith('/etc/')),
  ),
  atom('within(args.path, "/srv/share")', true, (world) => {
    const value = argument(world, 'path')
    if (typeof value !== 'string' || !value.startsWith('/')) return 'error'
    return ['/srv/share', '/srv/share/a', '/srv/share/../share/b'].includes(value)
  }),
  atom('args.n > 3', true, (world) => {
    const value = argument(world, 'n')
    return Number.isSafeInteger(value) ? Number(value) > 3 : 'error'
  }),
  atom('args.n + 1 == 4', true, (world) => {
    const value = argument(world, 'n')
    return Number.isSafeInteger(value) ? Number(value) === 3 : 'error'
  }),
  atom('args.x < 10.0', true, (world) => {
    const value = argument(world, 'x')
    return typeof value === 'number' ? value < 10 : 'error'
  }),
  atom('has(args.owner)', true, (world) => argument(world, 'owner') !== undefined),
  atom('args.tags.exists(t, t == "a")', true, (world) => {
    const value = argument(world, 'tags')
    // As `t0 == "a" || t1 == "a" || …`, where what is no text is an error.
    if (!Array.isArray(value)) return 'error'
    if (value.includes('a')) return true
    return value.every((one) => typeof one === 'string') ? false : 'error'
  }),
]

const PROOF_ATOMS: readonly Condition[] = [
  ...PRINCIPALS.slice(0, 4).map((id) =>
    atom(`principal.id == "${id}"`, false, ({ proofs }) => proofs.principal.id === id),
  ),
  atom('principal.kind == "user"', false, ({ proofs }) => proofs.principal.kind === 'user'),
  atom('principal.attributes.team == "red"', false, ({ attributes }) =>
    attributes['team'] === undefined ? 'error' : attributes['team'] === 'red',
  ),
  atom('has(principal.attributes.team)', false, ({ attributes }) => attributes['team'] !== undefined),
  atom('"session" in auth.methods', false, ({ proofs }) => proofs.methods.includes('session')),
  atom('auth.mfaAge < duration("5m")', false, ({ proofs, now }) =>
    proofs.mfaAt === undefined ? 'error' : Math.max(0, now - proofs.mfaAt) < 5 * MINUTE,
  ),
  atom(
    'auth.age <= duration("1h")',
    false,
    ({ proofs, now }) => Math.max(0, now - proofs.authenticatedAt) <= 60 * MINUTE,
  ),
  atom('cidr(auth.address, "10.0.0.0/8")', false, ({ proofs }) =>
    proofs.address === undefined ? 'error' : proofs.address.startsWith('10.'),
  ),
  atom('auth.certificate.issuer == "CN=Corp CA"', false, ({ proofs }) =>
    proofs.certificate === undefined ? 'error' : proofs.certificate.issuer === 'CN=Corp CA',
  ),
  atom('now.hour("UTC") < 10', false, ({ now }) => new Date(now).getUTCHours() < 10),
]

const RULE_ATOMS: readonly Condition[] = [
  ...PROOF_ATOMS,
  atom('"reader" in principal.roles', false, ({ roles }) => roles.includes('reader')),
]

const conditionOf = (atoms: readonly Condition[]): fc.Arbitrary<Condition> =>
  fc.letrec<{ condition: Condition }>((tie) => ({
    condition: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(...atoms),
      tie('condition').map((inner) => ({ op: 'not' as const, inner })),
      fc
        .tuple(fc.constantFrom('and' as const, 'or' as const), tie('condition'), tie('condition'))
        .map(([op, left, right]) => ({ op, left, right })),
    ),
  })).condition

const some = <T>(values: readonly T[], least = 1): fc.Arbitrary<T[]> =>
  fc.subarray([...values], { minLength: least })
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 })

/** Without the keys that are undefined, which YAML would write as null. */
function present<T extends object>(value: T): T {
  const left = { ...value }
  for (const key of Object.keys(left))
    if (Reflect.get(left, key) === undefined) Reflect.deleteProperty(left, key)
  return left
}

const TOOLS = some(['files_read', 'files_*', '*', 'bank_pay', '*_write', 'ping'])
const PROMPTS = some(['summarize', 'sum*'])
const RESOURCES = some(['note://*', 'note://a', '**'])
const THINGS = fc.oneof(
  TOOLS.map((tools) => ({ tools })),
  TOOLS.map((tools) => ({ tools })),
  fc.record({ prompts: PROMPTS, resources: RESOURCES }),
  fc.record({ tools: TOOLS, resources: RESOURCES }),
)
const SUBJECTS = some([
  ...PRINCIPALS,
  'service:*',
  'user:*',
  ...ROLE_NAMES.map((r) => `role:${r}`),
  'group:sre',
])
const METHODS = some<Action>(['tools/call', 'prompts/get', 'resources/read', 'resources/subscribe'])
const kindsOf = (method: Action): readonly string[] => [method.slice(0, method.indexOf('/'))]

const CERTIFICATE = fc
  .record({
    uri: maybe(fc.constantFrom('spiffe://corp.example/**', 'spiffe://corp.example/ci/*')),
    issuer: maybe(fc.constantFrom(...ISSUERS)),
  })
  .map(present)

const RULE: fc.Arbitrary<Omit<ReferenceRule, 'name'>> = THINGS.chain((things) => {
  const mayUseArguments = Object.keys(things).join() === 'tools'
  const atoms = mayUseArguments ? [...RULE_ATOMS, ...ARGUMENT_ATOMS, ...ARGUMENT_ATOMS] : RULE_ATOMS
  const rest = (when: fc.Arbitrary<Condition>) => ({
    mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'shadow' as const),
    principals: maybe(SUBJECTS),
    methods: maybe(METHODS).map((methods) => {
      const own = methods?.filter((method) => kindsOf(method).some((kind) => kind in things))
      return own === undefined || own.length === 0 ? undefined : own
    }),
    when: maybe(when),
  })
  const priority = maybe(fc.integer({ min: -2, max: 2 }))
  const when = conditionOf(atoms)
  return fc
    .oneof(
      { weight: 4, arbitrary: fc.record({ effect: fc.constant('deny' as const), ...rest(when) }) },
      {
        weight: 1,
        arbitrary: fc.record({ effect: fc.constant('hide' as const), ...rest(conditionOf(RULE_ATOMS)) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          effect: fc.constant('step-up' as const),
          within: fc.integer({ min: 1, max: 20 }),
          priority,
          ...rest(when),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          effect: fc.constant('step-up' as const),
          certificate: CERTIFICATE,
          priority,
          ...rest(when),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          effect: fc.constant('approve' as const),
          by: fc.constantFrom(...ROLE_NAMES),
          priority,
          ...rest(when),
        }),
      },
    )
    .map((rule) => present<Omit<ReferenceRule, 'name'>>({ ...things, ...rule }))
})

const PERMISSIONS = ['files:read', 'files:*', 'bank:pay', '*:read', '*', 'notes:read', 'files:write']

const ROLES: fc.Arbitrary<ReferencePolicy['roles']> = fc
  .tuple(
    ...ROLE_NAMES.map((_, index) =>
      fc.record<ReferenceRole>({
        includes: fc.subarray(ROLE_NAMES.slice(0, index)),
        permissions: fc.subarray(PERMISSIONS, { maxLength: 3 }),
        mfa: fc.integer({ max: 5, min: 0 }).map((one) => one === 0),
      }),
    ),
  )
  .map((roles) => Object.fromEntries(roles.map((role, index) => [ROLE_NAMES[index] ?? '', role])))

function ownSubject(kind: string, name: string): Subject {
  if (kind === 'service') return { service: name }
  return kind === 'agent' ? { agent: name } : { user: name }
}

function principalCalled(id: string): Principal {
  const principal = parsePrincipal(id)
  assert.ok(principal)
  return principal
}

const GRANT: fc.Arbitrary<ReferenceGrant> = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...PRINCIPALS) },
      { weight: 1, arbitrary: CERTIFICATE },
      { weight: 1, arbitrary: fc.constantFrom(...GROUP_NAMES.map((group) => ({ group }))) },
      { weight: 1, arbitrary: fc.constant({ authenticated: true as const }) },
    ),
    some(ROLE_NAMES),
    maybe(conditionOf(PROOF_ATOMS)),
    fc.boolean(),
  )
  .map(([subject, roles, when, isDetailed]) => {
    if (typeof subject !== 'string') {
      const isCertificate = !('group' in subject) && !('authenticated' in subject)
      return present({
        subject: isCertificate ? { certificate: subject } : subject,
        roles,
        when,
      })
    }
    const [kind = '', name = ''] = subject.split(':')
    const team = TEAMS[subject]
    const details = {
      owner: isDetailed ? OWNERS[subject] : undefined,
      attributes: isDetailed && when === undefined && team !== undefined ? { team } : undefined,
    }
    return present<ReferenceGrant>({ subject: ownSubject(kind, name), roles, when, ...details })
  })

const LIMIT: fc.Arbitrary<ReferenceLimit> = fc
  .tuple(
    fc.constantFrom<ReferenceLimit[]>(
      { rate: '60/m' },
      { role: 'reader', rate: '5/s' },
      { principal: 'service:*', rate: '100/h' },
      { group: 'sre', rate: '1000/d' },
    ),
    THINGS,
  )
  .map(([limit, things]) => Object.assign({}, limit, things))

/** A policy, valid as a file. */
export const POLICY: fc.Arbitrary<ReferencePolicy> = fc.record({
  rules: fc
    .array(RULE, { maxLength: 6 })
    .map((rules) => rules.map((rule, index) => ({ name: `rule-${index}`, ...rule }))),
  limits: fc.array(LIMIT, { maxLength: 3 }),
  roles: ROLES,
  groups: fc.record({ sre: fc.subarray([...PRINCIPALS]), ops: fc.subarray([...PRINCIPALS]) }),
  grants: fc.array(GRANT, { minLength: 1, maxLength: 6 }),
})

interface Drawn {
  readonly id: string
  readonly methods: Proofs['methods']
  readonly age: number
  readonly mfaAge: number | undefined
  readonly address: string | undefined
  readonly certificate: CertificateProof | undefined
  readonly ceilings: readonly (readonly string[])[]
}

function proofsOf({ id, methods, age, mfaAge, address, certificate, ceilings }: Drawn): Proofs {
  return {
    principal: principalCalled(id),
    methods,
    authenticatedAt: START - age,
    ...(mfaAge === undefined ? {} : { mfaAt: START - mfaAge }),
    ...(address === undefined ? {} : { address }),
    ...(certificate === undefined ? {} : { certificate }),
    ceilings,
  }
}

/** What callers prove. */
export const PROOFS: fc.Arbitrary<Proofs> = fc
  .record({
    id: fc.constantFrom(...PRINCIPALS),
    methods: fc.constantFrom(
      ['certificate'] as const,
      ['session'] as const,
      ['certificate', 'session'] as const,
    ),
    age: fc.constantFrom(0, 30 * MINUTE, 60 * MINUTE, 61 * MINUTE),
    mfaAge: maybe(fc.constantFrom(0, 4 * MINUTE, 5 * MINUTE, 6 * MINUTE, 30 * MINUTE)),
    address: maybe(fc.constantFrom('10.1.2.3', '192.0.2.1')),
    certificate: maybe(
      fc.record({
        uri: fc.constantFrom(null, 'spiffe://corp.example/ci/x', 'spiffe://corp.example/ci/x/y'),
        issuer: fc.constantFrom(...ISSUERS),
      }),
    ),
    ceilings: fc.constantFrom<readonly (readonly string[])[]>([], [], [], [['*:read']], [['files:*'], ['*']]),
  })
  .map(proofsOf)

/** When: at once, or later than the context was made. */
export const NOW: fc.Arbitrary<number> = fc.constantFrom(START, START + MINUTE, START + 45 * MINUTE)
export const CONTEXT_MADE_AT: number = START

const HOSTILE = fc.constantFrom<unknown>(null, 5, 2.5, 'text', true, [], ['a', 5], {}, { path: '/etc/x' }, [
  [],
])

/** Arguments, some of them not as the schema says. */
export const ARGUMENTS: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc
  .record({
    path: maybe(
      fc.oneof(
        fc.constantFrom<unknown>(
          '/srv/share',
          '/srv/share/a',
          '/srv/share/../../etc/passwd',
          '/etc/passwd',
          '',
        ),
        HOSTILE,
      ),
    ),
    owner: maybe(fc.oneof(fc.constantFrom<unknown>(...PRINCIPALS), HOSTILE)),
    n: maybe(fc.oneof(fc.constantFrom<unknown>(3, 4, -1, Number.MAX_SAFE_INTEGER, 1e300), HOSTILE)),
    x: maybe(fc.oneof(fc.constantFrom<unknown>(3, 4.5, 10, 1e300), HOSTILE)),
    tags: maybe(fc.oneof(fc.constantFrom<unknown>(['a'], ['b'], ['b', 'a'], []), HOSTILE)),
  })
  .map((args) => Object.freeze(present(args)))

/** What is asked for. */
export const REQUEST: fc.Arbitrary<ReferenceRequest> = fc.oneof<fc.WeightedArbitrary<ReferenceRequest>[]>(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...SURFACE.filter(({ kind }) => kind === 'tool')), ARGUMENTS)
      .map(([{ name, permission }, args]) => ({
        action: 'tools/call',
        kind: 'tool',
        name,
        permission,
        args,
      })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      action: 'prompts/get',
      kind: 'prompt',
      name: 'summarize',
      permission: 'notes:read',
      args: { id: 'a' },
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('resources/read' as const, 'resources/subscribe' as const),
        fc.constantFrom('a', 'b'),
      )
      .map(([action, id]) => ({
        action,
        kind: 'resource',
        name: `note://${id}`,
        permission: 'notes:read',
        args: { id },
      })),
  },
)

/** The policy as a file. */
export function fileOf({ rules, limits, roles, groups, grants }: ReferencePolicy): string {
  return stringify(
    {
      version: 1,
      rules: rules.map(({ when, within, by, ...rule }) => ({
        ...rule,
        ...(when === undefined ? {} : { when: textOf(when) }),
        ...(within === undefined ? {} : { within: `${within}m` }),
        ...(by === undefined ? {} : { by: { role: by } }),
      })),
      limits,
      roles: Object.fromEntries(
        Object.entries(roles).map(([name, { includes, permissions, mfa }]) => [
          name,
          { includes, permissions, ...(mfa ? { mfa: 'required' } : {}) },
        ]),
      ),
      groups,
      grants: grants.map(({ subject, when, ...grant }) => ({
        ...subject,
        ...grant,
        ...(when === undefined ? {} : { when: textOf(when) }),
      })),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  )
}
