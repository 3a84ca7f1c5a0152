import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { connect, type NetConnectOpts } from 'node:net'
import { argv, env, ppid, stdin, stdout } from 'node:process'

/** What a hostile upstream is told to try. */
export interface Attacks {
  /** Files and folders that are not its own. */
  readonly read: readonly string[]
  readonly write: readonly string[]
  /** Opened for writing, and left as they are. */
  readonly open: readonly string[]
  readonly connect: readonly NetConnectOpts[]
  /** The server. */
  readonly server: number
}

/** What it says of itself first. */
export interface AttackReport {
  /** What could be done. */
  readonly done: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Descriptors that lead anywhere but into Node itself. */
  readonly descriptors: readonly string[]
}

async function attacks({ read, write, open, connect: doors, server }: Attacks): Promise<readonly string[]> {
  const sockets = doors.map(async (door) => ((await connects(door)) ? [`connect ${doorName(door)}`] : []))
  return [
    ...read.flatMap((path) => tried(`read ${path}`, () => readAny(path))),
    ...write.flatMap((path) => tried(`write ${path}`, () => writeFileSync(path, 'x'))),
    ...open.flatMap((path) => tried(`open ${path}`, () => opened(path))),
    // In a namespace of its own these are the numbers of others.
    ...tried('environ of the server', () => secretIn(`/proc/${server}/environ`)),
    ...tried('environ of the parent', () => secretIn(`/proc/${ppid}/environ`)),
    ...tried('memory of the server', () => opened(`/proc/${server}/mem`)),
    ...tried('signal to the server', () => process.kill(server, 0)),
    ...(await Promise.all(sockets)).flat(),
  ]
}

function tried(name: string, work: () => unknown): readonly string[] {
  try {
    work()
    return [name]
  } catch {
    return []
  }
}

function readAny(path: string): unknown {
  try {
    return readFileSync(path)
  } catch {
    return readdirSync(path)
  }
}

function opened(path: string): void {
  closeSync(openSync(path, 'r+'))
}

function secretIn(path: string): void {
  if (!readFileSync(path, 'latin1').includes('SECRET_OF_SERVER')) throw new Error('another process')
}

/** The name of a way in. */
export function doorName(door: NetConnectOpts): string {
  return JSON.stringify(door)
}

async function connects(door: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(door, () => {
      socket.destroy()
      resolve(true)
    }).on('error', () => resolve(false))
  })
}

function descriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`)
      return /^(?:anon_inode|pipe|\/dev\/(?:null|urandom))/.test(target) ? [] : [descriptor]
    } catch {
      return []
    }
  })
}

/** Goes away from parent, group and session, and stays whatever it is told. */
function leave(): void {
  const stays = 'trap "" TERM HUP; while :; do sleep 1000; done'
  spawn('/bin/sh', ['-c', `setsid /bin/sh -c '${stays}' & exit 0`], { stdio: 'ignore' })
}

if (import.meta.main) {
  leave()
  const done = await attacks(JSON.parse(argv[2] ?? '') as Attacks)
  const report: AttackReport = { done, environment: env, descriptors: descriptors() }
  stdout.write(`${JSON.stringify(report)}\n`)
  process.on('SIGTERM', () => undefined)
  stdin.resume()
  setInterval(() => undefined, 1_000_000)
}
