import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { TestPair } from './certificates.ts'
import { ask, modern } from './clients.ts'
import { script, serving } from './command.ts'
import { installation } from './installation.ts'
import { openStreams } from './streams.ts'

/** How much of it. */
export interface RollingLoad {
  readonly perSecond: number
  readonly seconds: number
  readonly changes: number
}

/** What came of it. Times in ms. */
export interface RollingResult {
  readonly requests: number
  /** What went wrong with a request: its error, or the status that was none of 200. */
  readonly failures: readonly string[]
  readonly slowest: number
  /** From the end of the command that replaces the certificate until a new connection shows it. */
  readonly takenAfter: readonly number[]
  /** Streams and keep-alive connections of before the first change that are gone at the end. */
  readonly lost: number
}

const STREAMS = 10
const KEPT_ALIVE = 20

/**
 * Changes the certificate of a server, in a process of its own, by the command for it, while clients call: half of the
 * requests on connections that stay, half on new ones.
 */
export async function rollingChange({ perSecond, seconds, changes }: RollingLoad): Promise<RollingResult> {
  const at = await installation()
  const served = await serving('serve', { cwd: at.cwd })
  const agent = new Agent({ keepAlive: true, maxSockets: KEPT_ALIVE, maxFreeSockets: KEPT_ALIVE })
  try {
    const pair = await at.authority.client('demo')
    const target = { port: served.ports.certificates, ca: at.authority.rootPem, ...pair }
    const streams = await openStreams(target, STREAMS)
    await Promise.all(Array.from({ length: KEPT_ALIVE }, async () => ask({ ...target, ...LIST, agent })))
    const kept = Object.values(agent.freeSockets).flat()
    const { failures, slowest, sent, over } = load({ perSecond, seconds }, async (index) =>
      ask({ ...target, ...LIST, ...(index % 2 === 0 ? { agent } : {}) }),
    )
    const takenAfter: number[] = []
    for (let change = 0; change < changes; change++) {
      await wait(((seconds * 1000) / (changes + 1)) * 0.5)
      takenAfter.push(await changed(at.cwd, at.authority.serverFiles.certificate, target))
    }
    await over
    return {
      requests: sent(),
      failures,
      slowest: slowest(),
      takenAfter,
      lost: [...streams.map(({ socket }) => socket), ...kept].filter((socket) => socket?.destroyed !== false)
        .length,
    }
  } finally {
    agent.destroy()
    await served.stop('SIGKILL')
    await at.remove()
  }
}

const LIST = modern('tools/list')

/** Sends requests at a steady rate, however long the answers take. */
function load(
  { perSecond, seconds }: Pick<RollingLoad, 'perSecond' | 'seconds'>,
  send: (index: number) => Promise<{ readonly status: number }>,
): { failures: string[]; slowest: () => number; sent: () => number; over: Promise<void> } {
  const failures: string[] = []
  let [slowest, sent] = [0, 0]
  const one = async (index: number): Promise<void> => {
    const started = performance.now()
    await send(index).then(
      ({ status }) => (status === 200 ? undefined : failures.push(`status ${status}`)),
      (error: unknown) => failures.push(String(error)),
    )
    slowest = Math.max(slowest, performance.now() - started)
  }
  const run = async (): Promise<void> => {
    const started = performance.now()
    const all: Promise<void>[] = []
    for (; sent < perSecond * seconds; sent++) {
      const due = started + (sent * 1000) / perSecond
      if (due > performance.now()) await wait(due - performance.now())
      all.push(one(sent))
    }
    await Promise.all(all)
  }
  return { failures, slowest: () => slowest, sent: () => sent, over: run() }
}

/** Replaces the certificate and resolves, with how long that took, once a new connection shows it. */
async function changed(
  cwd: string,
  path: string,
  target: TestPair & { readonly port: number; readonly ca: string },
): Promise<number> {
  const { code, stderr } = await script('issue-server-cert.ts', ['--replace'], { cwd })
  if (code !== 0) throw new Error(stderr)
  const started = performance.now()
  const wanted = new X509Certificate(await readFile(path)).serialNumber
  while ((await shown(target)) !== wanted) {
    if (performance.now() - started > 10_000) throw new Error('the new certificate is not shown')
    await wait(10)
  }
  return performance.now() - started
}

async function shown(
  target: TestPair & { readonly port: number; readonly ca: string },
): Promise<string | undefined> {
  const socket = connect({ ...target, host: '127.0.0.1', servername: 'localhost' })
  await once(socket, 'secureConnect')
  const serial = socket.getPeerX509Certificate()?.serialNumber
  socket.on('error', () => undefined).end()
  return serial
}
