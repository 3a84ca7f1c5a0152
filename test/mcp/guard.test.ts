import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UNKNOWN, type Policy } from '../../src/access/decision.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import type { Asked } from '../../src/mcp/asked.ts'
import { createGuard, type Guard } from '../../src/mcp/guard.ts'
import { callerOf } from '../support/caller.ts'
import { policyOf } from '../support/server.ts'

interface Setting {
  readonly guard: Guard
  readonly events: AuditEvent[]
  readonly problems: unknown[]
}

function setting(policy: Policy = policyOf(), fails: (event: AuditEvent) => boolean = () => false): Setting {
  const events: AuditEvent[] = []
  const problems: unknown[] = []
  let time = 1_000
  const audit = {
    async record(event: AuditEvent) {
      if (fails(event)) throw new Error('the disk is full')
      events.push(event)
    },
  }
  const onException = (requestId: string, error: unknown) => problems.push([requestId, error])
  const guard = createGuard({ policy: () => policy, audit, now: () => (time += 5), onException })
  return { guard, events, problems }
}

const reader = callerOf('service:demo', ['notes:read'])
const asked = (needs: Asked['needs'], name = 'notes_read'): Asked => ({
  kind: 'tool',
  action: 'tools/call',
  name,
  entry: name,
  needs,
})
const ok = async () => ({ outcome: 'ok', value: 'done' }) as const
const never = async (): Promise<never> => assert.fail('the work ran')

const COMMON = {
  requestId: 'request-1',
  principal: 'service:demo',
  methods: ['certificate'],
  credential: 'sha256:aa',
  action: 'tools/call',
  resource: 'notes_read',
}

/** What every decision has beside: nothing in shadow, nobody who confirmed, and what was proved. */
const PROVED = {
  shadow: [],
  confirmedBy: [],
  proofs: {
    authenticatedAt: new Date(1_000).toISOString(),
    mfaAt: null,
    address: null,
    certificate: null,
    ceilings: [],
  },
  arguments: null,
  trace: null,
}

test('ASVS 16.2.1: what is allowed is decided on record, then done, then its end is recorded', async () => {
  const { guard, events } = setting()
  const order: string[] = []
  const result = await guard.call(reader, asked('notes:read'), {}, async () => {
    order.push(...events.map(({ event }) => event))
    return ok()
  })
  assert.deepEqual(result, { kind: 'done', value: 'done' })
  assert.deepEqual(order, ['tool.decided'])
  assert.deepEqual(events, [
    {
      event: 'tool.decided',
      ...COMMON,
      decision: 'allow',
      reason: null,
      rule: null,
      policy: policyOf().digest,
      ...PROVED,
    },
    { event: 'tool.finished', ...COMMON, trace: null, outcome: 'ok', exception: null, durationMs: 5 },
  ])
})

test('ASVS 16.3.2: a missing permission and a missing thing are denied alike, and recorded apart', async () => {
  for (const [needs, reason] of [
    ['notes:write', 'no_permission'],
    [undefined, 'unknown_name'],
  ] as const) {
    const { guard, events } = setting()
    assert.deepEqual(await guard.call(reader, asked(needs), {}, never), { kind: 'denied' })
    const decided = { decision: 'deny', reason, rule: null, policy: policyOf().digest, ...PROVED }
    assert.deepEqual(events, [{ event: 'tool.decided', ...COMMON, ...decided }])
  }
})

test('a decision that cannot be recorded lets nothing run, neither allowed nor denied', async () => {
  const { guard } = setting(policyOf(), ({ event }) => event === 'tool.decided')
  await assert.rejects(guard.call(reader, asked('notes:read'), {}, never), /disk is full/)
  await assert.rejects(guard.call(reader, asked('notes:write'), {}, never), /disk is full/)
})

test('an end that cannot be recorded is reported, and the work stays done', async () => {
  const { guard, problems } = setting(policyOf(), ({ event }) => event === 'tool.finished')
  assert.deepEqual(await guard.call(reader, asked('notes:read'), {}, ok), { kind: 'done', value: 'done' })
  assert.equal(problems.length, 1)
})

test('what the work throws is recorded and reported, and does not come out', async () => {
  for (const [thrown, exception] of [
    [new TypeError('secret'), 'TypeError: secret'],
    ['secret', 'string'],
    [undefined, 'undefined'],
    [null, 'object'],
  ] as const) {
    const { guard, events, problems } = setting()
    const work = async (): Promise<never> => {
      throw thrown as unknown
    }
    assert.deepEqual(await guard.call(reader, asked('notes:read'), {}, work), { kind: 'failed' })
    assert.deepEqual(events.at(-1), {
      event: 'tool.finished',
      ...COMMON,
      trace: null,
      outcome: 'exception',
      exception,
      durationMs: 5,
    })
    assert.deepEqual(problems, [['request-1', thrown]])
  }
})

test('the other outcomes are recorded as the work tells them', async () => {
  for (const outcome of ['error', 'invalid_arguments', 'cancelled'] as const) {
    const { guard, events } = setting()
    await guard.call(reader, asked('notes:read'), {}, async () => ({ outcome, value: 1 }))
    const last = events.at(-1)
    assert.ok(last?.event === 'tool.finished' && last.outcome === outcome)
  }
})

test('what is foreseen is what a call would come to, asked of the same policy, and no word of it is recorded', () => {
  const { guard, events } = setting()
  assert.equal(guard.foresee(reader, asked('notes:read')), 'allow')
  assert.equal(guard.foresee(reader, asked('authenticated')), 'allow')
  assert.equal(guard.foresee(reader, asked('notes:write')), 'deny')
  assert.equal(guard.foresee(reader, asked(undefined)), 'deny')
  assert.deepEqual(events, [])
})

test('ASVS 8.3.1: the policy is asked about the very arguments, the name and the time', async () => {
  const questions: unknown[] = []
  const policy: Policy = {
    ...policyOf(),
    decide(context, request, args, now) {
      questions.push([context.principal.id, request, args, now])
      return { kind: 'deny', reason: 'no_permission', rule: 'a-rule', shadow: [] }
    },
  }
  const { guard, events } = setting(policy)
  const args = Object.freeze({ id: 'x' })
  await guard.call(reader, asked('notes:read'), args, never)
  guard.foresee(reader, asked('notes:read'))
  guard.foresee(reader, { ...asked('notes:read'), isFamily: true }, args)
  const request = {
    action: 'tools/call',
    kind: 'tool',
    resource: 'notes_read',
    entry: 'notes_read',
    permission: 'notes:read',
  }
  assert.deepEqual(questions, [
    ['service:demo', request, args, 1_005],
    ['service:demo', request, UNKNOWN, 1_010],
    ['service:demo', { ...request, isFamily: true }, args, 1_015],
  ])
  assert.ok(events[0]?.event === 'tool.decided' && events[0].rule === 'a-rule')
})

test('a policy that fails lets nothing be seen and nothing run, and keeps its words to itself', async () => {
  const policy: Policy = {
    ...policyOf(),
    decide() {
      throw new Error('secret condition')
    },
  }
  const { guard, problems } = setting(policy)
  assert.equal(guard.foresee(reader, asked('notes:read')), 'deny')
  assert.equal(problems.length, 1)
  await assert.rejects(guard.call(reader, asked('notes:read'), {}, never))
})

test('prompts and resources have events of their own', async () => {
  for (const kind of ['prompt', 'resource'] as const) {
    const { guard, events } = setting()
    await guard.call(reader, { ...asked('notes:read'), kind }, {}, ok)
    assert.deepEqual(
      events.map(({ event }) => event),
      [`${kind}.decided`, `${kind}.finished`],
    )
  }
})
