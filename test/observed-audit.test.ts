import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../src/audit/event.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { countedRefusals, observedAudit } from '../src/observed-audit.ts'
import { samplesIn, valueOf } from './support/metrics.ts'

const opened: AuditEvent = { event: 'user.added', principal: 'user:alice', by: 'operator' }
const refused: AuditEvent = {
  event: 'request.refused',
  requestId: 'request-1',
  layer: 'http',
  reason: 'no_credential',
  detail: null,
  address: '127.0.0.1',
}

async function shown(metrics: ReturnType<typeof createMetrics>, name: string): Promise<number | undefined> {
  return valueOf(samplesIn(await metrics.text()), `sallyport_${name}`)
}

test('events wait until they are durable, and what fails is counted and fails all the same', async () => {
  const metrics = createMetrics()
  const disk = Promise.withResolvers<void>()
  const sink = observedAudit({ record: async () => disk.promise }, metrics.audit)
  const written = sink.record(opened)
  assert.equal(await shown(metrics, 'audit_waiting'), 1)
  assert.equal(await shown(metrics, 'audit_lag_seconds_count'), 0)
  disk.resolve()
  await written
  assert.equal(await shown(metrics, 'audit_waiting'), 0)
  assert.equal(await shown(metrics, 'audit_lag_seconds_count'), 1)
  const full = new Error('the disk is full')
  const failing = observedAudit({ record: async () => Promise.reject(full) }, metrics.audit)
  await assert.rejects(failing.record(opened), full)
  assert.equal(await shown(metrics, 'audit_failures_total'), 1)
  assert.equal(await shown(metrics, 'audit_waiting'), 0)
})

test('refusals of strangers, which nobody waits for, are counted at their door and have no lag', async () => {
  const metrics = createMetrics()
  const recorded: AuditEvent[] = []
  const record = async (event: AuditEvent): Promise<void> => void recorded.push(event)
  const sink = countedRefusals(observedAudit({ record }, metrics.audit), metrics.door('people').refused)
  await sink.record(refused)
  await sink.record(opened)
  assert.deepEqual(recorded, [refused, opened])
  assert.equal(await shown(metrics, 'refusals_total'), 1)
  assert.equal(await shown(metrics, 'audit_lag_seconds_count'), 1)
  assert.equal(await shown(metrics, 'handshakes_total'), undefined)
  await sink.record({ ...refused, layer: 'tls' })
  assert.equal(await shown(metrics, 'handshakes_total'), 1)
})
