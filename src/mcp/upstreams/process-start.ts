import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { devNull } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { errnoOf, SallyportError } from '../../errors.ts'
import type { Launch } from './process-launch.ts'

/** A process as it was started. */
export interface StartedProcess {
  readonly pid: number
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Fulfilled with how, in words, when it has ended. */
  readonly exited: Promise<string>
  /** Fulfilled when it has ended and its streams have, too. */
  readonly closed: Promise<void>
}

/**
 * Starts a process that leads a group and session of its own, with nothing of ours but the pipes.
 *
 * @param inherited file descriptors that it would get beside them (see `process-descriptors.ts`)
 * @throws SallyportError `UNREACHABLE` if it does not start
 */
export async function startProcess(launch: Launch, inherited: readonly number[]): Promise<StartedProcess> {
  try {
    return await started(launch, inherited)
  } catch (error) {
    throw new SallyportError('UNREACHABLE', `${launch.file} did not start (${errnoOf(error)})`)
  }
}

async function started(launch: Launch, inherited: readonly number[]): Promise<StartedProcess> {
  const child = spawned(launch, inherited)
  const exited = new Promise<string>((resolve) =>
    child.once('exit', (code, signal) => resolve(howItEnded(code, signal))),
  )
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await new Promise((resolve, reject) => child.once('spawn', resolve).on('error', reject))
  const { pid, stdin, stdout, stderr } = child
  if (pid === undefined || stdin === null || stdout === null || stderr === null)
    throw new Error('a process without its pipes')
  // What it does not read is not our fault: that it ended is told by `exited`.
  stdin.on('error', () => undefined)
  stdout.on('error', () => undefined)
  const extra = child.stdio[3]
  if (extra !== null && extra !== undefined && 'end' in extra)
    extra.on('error', () => undefined).end(launch.handedOver)
  return { pid, stdin, stdout, stderr, exited, closed }
}

/** A descriptor cannot be closed in the child, but be another one there. */
function spawned(launch: Launch, inherited: readonly number[]): ChildProcess {
  const { file, args, environment, cwd, identity, handedOver } = launch
  const nothing = openSync(devNull, constants.O_RDONLY)
  const isPipe = (descriptor: number): boolean =>
    descriptor < 3 || (descriptor === 3 && handedOver !== undefined)
  const stdio = Array.from({ length: Math.max(3, ...inherited) + 1 }, (_, descriptor) =>
    isPipe(descriptor) ? 'pipe' : inherited.includes(descriptor) ? nothing : 'ignore',
  )
  try {
    return spawn(file, args, { cwd, detached: true, env: environment, stdio, ...identity })
  } finally {
    closeSync(nothing)
  }
}

function howItEnded(code: number | null, signal: string | null): string {
  return signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`
}
