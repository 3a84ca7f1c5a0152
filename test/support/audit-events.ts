import type { ActionDecided, AuditEvent } from '../../src/audit/event.ts'

/** A decision, as the guard records it. */
export const DECIDED: ActionDecided = {
  event: 'tool.decided',
  requestId: 'r-1',
  principal: 'service:demo',
  methods: ['certificate'],
  credential: `sha256:${'0'.repeat(64)}`,
  action: 'tools/call',
  resource: 'notes_write',
  decision: 'deny',
  reason: 'no_permission',
  rule: null,
  shadow: [],
  confirmedBy: [],
  policy: `sha256:${'1'.repeat(64)}`,
  proofs: {
    authenticatedAt: '2026-11-21T10:00:00.000Z',
    mfaAt: null,
    address: null,
    certificate: null,
    ceilings: [],
  },
  arguments: null,
  trace: null,
}

/** A short event that is told from others by its serial. */
export function issued(serial: string): AuditEvent {
  return {
    event: 'certificate.issued',
    principal: 'service:demo',
    serial,
    credential: 'sha256:0',
    expiresAt: '',
  }
}
