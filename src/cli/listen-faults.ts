import type { Config } from '../config/config.ts'

/** What sets the port of each. */
const PORTS = [
  ['certificates', 'SALLYPORT_PORT'],
  ['people', 'SALLYPORT_LOGIN_PORT'],
  ['proxied', '"port" of listeners.proxied'],
  ['operations', 'SALLYPORT_OPERATIONS_PORT'],
] as const

/** Why the server cannot listen: one sentence for each listener, with what to do. */
export function listenFaults(error: unknown, listeners: Config['listeners']): readonly string[] {
  if (error instanceof AggregateError)
    return error.errors.flatMap((one: unknown) => listenFaults(one, listeners))
  if (!(error instanceof Error)) return [String(error)]
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL')
    return [
      `${error.message}: set SALLYPORT_HOST, or "host" in sallyport.yaml, to an address of this machine`,
    ]
  if (!('port' in error)) return [error.message]
  const variable = variableOf(Number(error.port), listeners)
  const where = `port ${String(error.port)}${'address' in error ? ` on ${String(error.address)}` : ''}`
  return code === 'EADDRINUSE'
    ? [`${where} is taken by another program: stop it, or set ${variable} to a free port`]
    : [`${where} cannot be listened on (${code}): choose another with ${variable} or SALLYPORT_HOST`]
}

function variableOf(port: number, listeners: Config['listeners']): string {
  const found = PORTS.find(([name]) => {
    const listener = listeners[name]
    return listener !== false && listener.port === port
  })
  return found?.[1] ?? 'SALLYPORT_PORT'
}
