import { argv } from 'node:process'
import { readFileSync, writeSync } from 'node:fs'
import { checkpointSigner } from '../../src/audit/signing-key.ts'
import { fileAuditSink } from '../../src/audit/sink.ts'
import { issued } from './audit-events.ts'

/**
 * Records events into a trail until it is killed, many at once, and says the serial of each that is durable:
 * `recording-worker.ts DIRECTORY WRITER KEY`.
 */
const [, , directory = '', writer = '', key = ''] = argv
const seal = { signer: checkpointSigner(readFileSync(key, 'utf8'), key), lines: 20, ms: 60_000 }
const sink = await fileAuditSink({ directory, writer, now: Date.now, seal })

async function record(from: number): Promise<void> {
  for (let serial = from; ; serial += 16) {
    await sink.record(issued(`${writer}-${serial}-${'x'.repeat(serial % 200)}`))
    // Not later: what was said was durable.
    writeSync(1, `${writer}-${serial}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, async (_, index) => record(index)))
