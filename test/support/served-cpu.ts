import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Calling } from './calling-process.ts'

const CALLER = resolve(import.meta.dirname, 'calling-process.ts')

/** CPU of this process, which serves, per request of another one; µs. */
export async function servedCpu(calling: Calling): Promise<number> {
  const child = spawn(process.execPath, [CALLER, JSON.stringify(calling)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const before = process.cpuUsage()
  const [code] = (await once(child, 'exit')) as [number | null]
  const { user, system } = process.cpuUsage(before)
  assert.equal(code, 0)
  return (user + system) / calling.calls
}

/** Of an even number of times the higher one in the middle. */
export function median(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[times.length >> 1] ?? Number.NaN
}
