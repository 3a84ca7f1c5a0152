import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Config } from '../config/config.ts'
import { findingsOf, type Check, type Finding } from './doctor-finding.ts'
import { listenFaults } from './listen-faults.ts'

/** How long the server that may be running has to answer, in ms. */
const PATIENCE = 1_000

/** Whether the ports can be listened on, or are those of this server. */
export const ports: Check = {
  name: 'ports',
  async run({ config: { listeners } }) {
    if (await isRunning(listeners)) return [ok('the server is running')]
    const { certificates, people, proxied, operations } = listeners
    const doors = [certificates, people, proxied, operations].filter((door) => door !== false)
    const findings = await Promise.all(doors.map(async ({ host, port }) => await look(host, port, listeners)))
    return findings.flat()
  },
}

const { ok, sentence } = findingsOf(ports.name)

async function isRunning({ operations }: Config['listeners']): Promise<boolean> {
  if (operations === false || operations.port === 0) return false
  const host = operations.host.includes(':') ? `[${operations.host}]` : operations.host
  const signal = AbortSignal.timeout(PATIENCE)
  return await fetch(`http://${host}:${operations.port}/healthz`, { signal }).then(
    ({ ok: isHealthy }) => isHealthy,
    () => false,
  )
}

async function look(host: string, port: number, listeners: Config['listeners']): Promise<readonly Finding[]> {
  const probe = createServer()
  try {
    probe.listen(port, host)
    await once(probe, 'listening')
    return [ok(`${host}:${port} is free`)]
  } catch (error) {
    return listenFaults(error, listeners).map((fault) => sentence('problem', fault))
  } finally {
    probe.close()
  }
}
