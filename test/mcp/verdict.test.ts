import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  UNKNOWN,
  type Arguments,
  type Decision,
  type LimitUse,
  type Need,
} from '../../src/access/decision.ts'
import type { ActionDecided, AuditEvent } from '../../src/audit/event.ts'
import type { Confirmations, Confirmed } from '../../src/mcp/confirmations.ts'
import type { Asked } from '../../src/mcp/asked.ts'
import { createGuard, type Guarded } from '../../src/mcp/guard.ts'
import type { Limiter } from '../../src/mcp/limiter.ts'
import { SallyportError } from '../../src/errors.ts'
import { callerOf } from '../support/caller.ts'
import { policyOf } from '../support/server.ts'

const LIMIT: LimitUse = { limit: 'limits[0]', counter: 'aa', points: 5, seconds: 60 }
const STEP_UP: Need = { kind: 'second_factor', rule: 'fresh', within: 300_000 }
const APPROVAL: Need = { kind: 'approval', rule: 'two-people', by: { role: 'treasurer' }, owner: null }
const CERTIFICATE: Need = { kind: 'certificate', rule: 'own-machine', uri: null, issuer: null }

const decisionOf = (needs: readonly [Need, ...Need[]], limits: readonly LimitUse[] = []): Decision => ({
  kind: 'needs',
  needs,
  limits,
  shadow: [],
})
const pendingOf = (need: Need): Confirmed => ({
  kind: 'pending',
  pending: { id: 'c1', need, url: 'https://localhost/confirm/c1', expiresAt: 9_000 },
})

interface Setting {
  readonly decision: Decision
  readonly confirmed?: Confirmed | Error
  readonly counted?: 'within' | 'over' | Error
  readonly giveBackFails?: boolean
  readonly failAudit?: boolean
}

const ASKED: Asked = {
  kind: 'tool',
  action: 'tools/call',
  name: 'bank_pay',
  entry: 'bank_pay',
  needs: 'bank:pay',
}

interface Came {
  readonly result: Guarded<string> | Error
  /** What happened, in order. */
  readonly steps: readonly string[]
  readonly decided: ActionDecided | undefined
  readonly problems: readonly unknown[]
}

/** One call, with ports that write down what they are asked. */
async function call(setting: Setting, asked: Asked = ASKED, args: Arguments = { to: 'bob' }): Promise<Came> {
  const steps: string[] = []
  const problems: unknown[] = []
  const decisions: Came['decided'][] = []
  const limiter: Limiter = {
    async count(uses, principal) {
      steps.push(`count ${uses.map(({ limit }) => limit).join()} of ${principal}`)
      if (setting.counted instanceof Error) throw setting.counted
      if (setting.counted === 'over') return { kind: 'over', limit: 'limits[0]', retryAfter: 1234.5 }
      return {
        kind: 'within',
        async giveBack() {
          steps.push('give back')
          if (setting.giveBackFails === true) throw new Error('gone')
        },
      }
    },
  }
  const confirmations: Confirmations = {
    async confirm({ action, resource, args: bound, context }, needs) {
      const rules = needs.map(({ rule }) => rule).join()
      steps.push(
        `confirm ${rules} for ${context.principal.id}: ${action} ${resource} ${JSON.stringify(bound)}`,
      )
      if (setting.confirmed instanceof Error) throw setting.confirmed
      return setting.confirmed ?? assert.fail('nobody was to be asked')
    },
    settled: async () => assert.fail(),
    withdraw: async () => assert.fail(),
  }
  const guard = createGuard({
    policy: () => ({ ...policyOf(), decide: () => setting.decision }),
    audit: {
      async record(event) {
        steps.push(event.event)
        if (event.event === 'tool.decided') decisions.push(event)
        if (setting.failAudit === true) throw new SallyportError('AUDIT_UNAVAILABLE', 'full')
      },
    },
    now: () => 1_000,
    limiter,
    ...(setting.confirmed === undefined ? {} : { confirmations }),
    onException: (_requestId, error) => problems.push(error),
  })
  const work = async () => {
    steps.push('work')
    return { outcome: 'ok', value: 'done' } as const
  }
  const result = await guard
    .call(callerOf('service:billing', ['bank:pay']), asked, args, work)
    .catch((error: unknown) => (error instanceof Error ? error : assert.fail()))
  return { result, steps, decided: decisions[0], problems }
}

const COUNT = 'count limits[0] of service:billing'
const CONFIRM = 'confirm two-people for service:billing: tools/call bank_pay {"to":"bob"}'
const said = ({ decided }: Came) => decided && [decided.decision, decided.reason, decided.rule]

test('what is allowed and within its limits runs, counted once, before it is on record', async () => {
  const came = await call({ decision: { kind: 'allow', limits: [LIMIT], shadow: ['trial'] } })
  assert.deepEqual(came.result, { kind: 'done', value: 'done' })
  assert.deepEqual(came.steps, [COUNT, 'tool.decided', 'work', 'tool.finished'])
  assert.deepEqual(said(came), ['allow', null, null])
  assert.deepEqual(came.decided?.shadow, ['trial'])
})

test('without limits nobody counts', async () => {
  const came = await call({ decision: { kind: 'allow', limits: [], shadow: [] } })
  assert.deepEqual(came.steps, ['tool.decided', 'work', 'tool.finished'])
})

test('what is over a limit is denied on record, with the limit as its rule and the time to wait', async () => {
  const came = await call({ decision: { kind: 'allow', limits: [LIMIT], shadow: [] }, counted: 'over' })
  assert.deepEqual(came.result, { kind: 'limited', retryAfter: 1234.5 })
  assert.deepEqual(came.steps, [COUNT, 'tool.decided'])
  assert.deepEqual(said(came), ['deny', 'rate_limited', 'limits[0]'])
})

test('a limit costs nobody a confirmation', async () => {
  const came = await call({
    decision: decisionOf([APPROVAL], [LIMIT]),
    counted: 'over',
    confirmed: { kind: 'confirmed', by: ['user:alice'] },
  })
  assert.deepEqual(came.steps, [COUNT, 'tool.decided'])
})

test('a confirmed call runs, and the record names who confirmed it', async () => {
  const came = await call({
    decision: decisionOf([APPROVAL], [LIMIT]),
    confirmed: { kind: 'confirmed', by: ['user:alice'] },
  })
  const confirmed = {
    credential: '["sha256:aa",null,null]',
    needs: '[{"by":{"role":"treasurer"},"kind":"approval","owner":null,"rule":"two-people"}]',
    by: ['user:alice'],
  }
  assert.deepEqual(came.result, { kind: 'done', value: 'done', confirmed })
  assert.deepEqual(came.steps, [COUNT, CONFIRM, 'tool.decided', 'work', 'tool.finished'])
  assert.deepEqual(said(came), ['allow', null, null])
  assert.deepEqual(came.decided?.confirmedBy, ['user:alice'])
})

test('a call that waits for somebody is on record as asked, ran nothing, and used up no limit', async () => {
  for (const [need, reason] of [
    [APPROVAL, 'approval_required'],
    [STEP_UP, 'step_up_required'],
    [CERTIFICATE, 'step_up_required'],
  ] as const) {
    const confirmed = pendingOf(need)
    const came = await call({ decision: decisionOf([need], [LIMIT]), confirmed })
    assert.ok(!(came.result instanceof Error) && came.result.kind === 'asked')
    assert.deepEqual(came.steps.slice(2), ['give back', 'tool.decided'])
    assert.deepEqual(said(came), ['ask', reason, need.rule])
  }
})

test('points that cannot be given back are reported, and stay counted', async () => {
  const setting = { decision: decisionOf([APPROVAL], [LIMIT]), confirmed: pendingOf(APPROVAL) }
  const came = await call({ ...setting, giveBackFails: true })
  assert.deepEqual(said(came), ['ask', 'approval_required', 'two-people'])
  assert.equal(came.problems.length, 1)
})

test('what was refused, cannot be asked or waits too often is denied on record, each by its rule', async () => {
  for (const [confirmed, reason, kind] of [
    [{ kind: 'refused', rule: 'two-people' }, 'confirmation_refused', 'refused'],
    [{ kind: 'impossible', rule: 'two-people' }, 'need_cannot_be_met', 'denied'],
    [{ kind: 'too_many' }, 'too_many_pending', 'too_many_pending'],
  ] as const) {
    const came = await call({ decision: decisionOf([APPROVAL]), confirmed })
    assert.deepEqual(came.result, { kind })
    assert.deepEqual(came.steps, [CONFIRM, 'tool.decided'])
    assert.deepEqual(said(came), ['deny', reason, 'two-people'])
  }
})

test('without anybody to ask a need cannot be met, and nothing is counted', async () => {
  const came = await call({ decision: decisionOf([APPROVAL], [LIMIT]) })
  assert.deepEqual(came.result, { kind: 'denied' })
  assert.deepEqual(came.steps, ['tool.decided'])
  assert.deepEqual(said(came), ['deny', 'need_cannot_be_met', 'two-people'])
})

test('nobody is asked for what a client could not be told to repeat', async () => {
  const confirmed: Confirmed = { kind: 'confirmed', by: ['user:alice'] }
  for (const action of ['completion/complete', 'resources/subscribe'] as const) {
    const came = await call({ decision: decisionOf([APPROVAL]), confirmed }, { ...ASKED, action })
    assert.deepEqual(said(came), ['deny', 'need_cannot_be_met', 'two-people'])
  }
  const blind = await call({ decision: decisionOf([APPROVAL]), confirmed }, ASKED, UNKNOWN)
  assert.deepEqual(said(blind), ['deny', 'need_cannot_be_met', 'two-people'])
})

test('a decision that still depends on known arguments is a denial, and on unknown ones none', async () => {
  const decision: Decision = { kind: 'depends', shadow: [] }
  assert.deepEqual(said(await call({ decision })), ['deny', 'denied_by_rule', null])
  const completing = { ...ASKED, action: 'completion/complete' } as const
  assert.deepEqual(said(await call({ decision }, completing, UNKNOWN)), ['allow', null, null])
})

test('who can neither count nor ask lets nothing run, and the record says nothing', async () => {
  const gone = new SallyportError('STORE_UNAVAILABLE', 'gone')
  for (const setting of [
    { decision: { kind: 'allow', limits: [LIMIT], shadow: [] }, counted: gone },
    { decision: decisionOf([APPROVAL]), confirmed: gone },
  ] satisfies Setting[]) {
    const came = await call(setting)
    assert.equal(came.result, gone)
    assert.equal(came.decided, undefined)
    assert.ok(!came.steps.includes('work'))
  }
})

test('a confirmed call that cannot be put on record does not run', async () => {
  const confirmed: Confirmed = { kind: 'confirmed', by: ['user:alice'] }
  const came = await call({ decision: decisionOf([APPROVAL]), confirmed, failAudit: true })
  assert.ok(came.result instanceof SallyportError && came.result.code === 'AUDIT_UNAVAILABLE')
  assert.deepEqual(came.steps, [CONFIRM, 'tool.decided'])
})

test('without a limiter what has a limit is over it', async () => {
  const decision: Decision = { kind: 'allow', limits: [LIMIT], shadow: [] }
  const guard = createGuard({
    policy: () => ({ ...policyOf(), decide: () => decision }),
    audit: { record: async () => undefined },
    now: () => 1_000,
    onException: () => undefined,
  })
  const result = await guard.call(callerOf('service:billing'), ASKED, {}, async () => assert.fail('it ran'))
  assert.deepEqual(result, { kind: 'limited', retryAfter: 60_000 })
})

test('arguments go on record as the recorder has them, and the trace of the caller with them', async () => {
  const events: AuditEvent[] = []
  const guard = createGuard({
    policy: () => policyOf(),
    audit: { record: async (event) => void events.push(event) },
    now: () => 1_000,
    recordArguments: (kind, name, args) => ({
      digest: `${kind} ${name} ${typeof args === 'symbol' ? 'unknown' : Object.keys(args).join()}`,
    }),
    onException: () => undefined,
  })
  const caller = { ...callerOf('service:demo', ['notes:read']), trace: 'ab'.repeat(16) }
  const asked: Asked = { ...ASKED, name: 'notes_read', entry: 'notes_read', needs: 'notes:read' }
  await guard.call(caller, asked, { id: 'x' }, async () => ({ outcome: 'ok', value: 1 }))
  const [decided, finished] = events
  assert.ok(decided?.event === 'tool.decided' && finished?.event === 'tool.finished')
  assert.deepEqual(decided.arguments, { digest: 'tool notes_read id' })
  assert.deepEqual([decided.trace, finished.trace], ['ab'.repeat(16), 'ab'.repeat(16)])
})
