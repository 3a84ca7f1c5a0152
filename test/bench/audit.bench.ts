import { mkdtemp, open, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { setTimeout as elapse } from 'node:timers/promises'
import type { AuditSink } from '../../src/audit/event.ts'
import { argumentsRecorder } from '../../src/audit/recorded-arguments.ts'
import { checkpointSigner, newSigningKey } from '../../src/audit/signing-key.ts'
import { fileAuditSink, type FileAuditSink } from '../../src/audit/sink.ts'
import { DECIDED } from '../support/audit-events.ts'
import type { Calling } from '../support/calling-process.ts'
import { median, servedCpu } from '../support/served-cpu.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Here and not in a folder for temporary files, which may be in memory. */
const HERE = resolve(import.meta.dirname, '../..')

async function onDisk<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(HERE, '.bench-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function sinkIn(directory: string): Promise<FileAuditSink> {
  const seal = { signer: checkpointSigner(newSigningKey().privateKey, 'the key'), lines: 1000, ms: 10_000 }
  return fileAuditSink({ directory, writer: 'bench', now: Date.now, seal })
}

function percentiles(times: readonly number[]): string {
  const sorted = times.toSorted((one, other) => one - other)
  const at = (share: number): string =>
    `${(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(2)} ms`
  return `p50 ${at(0.5).padStart(9)}  p99 ${at(0.99).padStart(9)}`
}

test('how long an event takes to be durable, and how many go to the disk together', async () => {
  await onDisk(async (directory) => {
    const line = Buffer.alloc(700, 'x')
    const file = await open(join(directory, 'floor'), 'w')
    const floor: number[] = []
    for (let index = 0; index < 300; index++) {
      const start = performance.now()
      await file.write(line)
      await file.datasync()
      floor.push(performance.now() - start)
    }
    await file.close()
    console.log(`one write and fdatasync      ${percentiles(floor)}`)
    const sink = await sinkIn(directory)
    for (const together of [1, 32, 256]) {
      const times: number[] = []
      const cpu = process.cpuUsage()
      await Promise.all(
        Array.from({ length: together }, async () => {
          for (let index = 0; index < 4000 / together; index++) {
            const start = performance.now()
            await sink.record(DECIDED)
            times.push(performance.now() - start)
          }
        }),
      )
      const { user, system } = process.cpuUsage(cpu)
      const each = (user + system) / times.length
      console.log(
        `an event, ${String(together).padStart(3)} at once        ${percentiles(times)}  CPU ${each.toFixed(0)} µs`,
      )
    }
    await sink.close()
  })
})

/** Costs nothing and takes no time; and costs nothing, but lets the process fall asleep, as every wait for a disk does. */
const NOWHERE: AuditSink = { record: async () => undefined }
const ASLEEP: AuditSink = { record: () => elapse(1) }
const CALLS = 400
const ROUNDS = 9

test('the share of the audit trail in the CPU of a call', async () => {
  await onDisk(async (directory) => {
    const sink = await sinkIn(directory)
    const recordArguments = argumentsRecorder({ key: 'k'.repeat(48), rules: [] })
    const limits = {
      bodyBytes: 4_194_304,
      requestsInFlight: 1000,
      requestsPerMinute: 1_000_000,
      legacySessions: 32,
    }
    for (const together of [1, 32]) {
      const servers = [
        await startServer({ audit: NOWHERE, limits }),
        await startServer({ audit: ASLEEP, limits }),
        await startServer({ audit: sink, recordArguments, limits }),
      ]
      const taken: number[][] = servers.map(() => [])
      // The first of each warms up.
      for (const server of servers) await cpuOf(server, together)
      for (let round = 0; round < ROUNDS; round++)
        for (const [index, server] of servers.entries()) taken[index]?.push(await cpuOf(server, together))
      const [none = 0, asleep = 0, all = 0] = taken.map(median)
      const more = (floor: number): string => `${(((all - floor) / floor) * 100).toFixed(0)} % more`
      console.log(
        `a call, ${String(together).padStart(2)} at once, with the trail ${all.toFixed(0)} µs of CPU`,
      )
      console.log(
        `  than without any: ${none.toFixed(0)} µs, ${more(none)}; than with a mere wait: ${asleep.toFixed(0)} µs, ${more(asleep)}`,
      )
      for (const server of servers) await server.close()
    }
    await sink.close()
  })
})

/** CPU of this process, which serves, per call of another one; µs. */
async function cpuOf({ ports, authority }: TestServer, together: number): Promise<number> {
  const { cert, key } = await authority.client('demo')
  const calling: Calling = {
    port: ports.certificates,
    cert: cert,
    key: key,
    ca: authority.rootPem,
    calls: CALLS,
    together,
    tool: 'notes_list',
  }
  return servedCpu(calling)
}
