import type { StoreMetrics } from './http/store-metrics.ts'
import type { Store } from './store/store.ts'

/** A store, with how long it takes to answer told by what it is asked for: by port, never by method or key. */
export function timedStore(store: Store, told: StoreMetrics): Store {
  return {
    ...store,
    users: timed('users', store.users, told),
    sessions: timed('sessions', store.sessions, told),
    handles: timed('handles', store.handles, told),
    confirmations: timed('confirmations', store.confirmations, told),
    devices: timed('devices', store.devices, told),
    histories: timed('histories', store.histories, told),
    rateLimits: timed('rate_limits', store.rateLimits, told),
    secrets: timed('secrets', store.secrets, told),
    notes: timed('notes', store.notes, told),
    revocations: timed('revocations', store.revocations, told),
    ping: timedCall('ping', store.ping, told),
  }
}

type Method = (...args: readonly unknown[]) => unknown

/** A port whose asynchronous methods are timed; each is wrapped once. */
function timed<Port extends object>(group: string, port: Port, told: StoreMetrics): Port {
  const wrapped = new Map<string, Method>()
  for (const [name, method] of Object.entries(port))
    if (isMethod(method))
      wrapped.set(
        name,
        timedCall(group, (...args) => Reflect.apply(method, port, args), told),
      )
  return new Proxy(port, {
    get: (target, name): unknown =>
      (typeof name === 'string' ? wrapped.get(name) : undefined) ?? Reflect.get(target, name),
  })
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function'
}

function timedCall<Arguments extends readonly unknown[], Result>(
  group: string,
  method: (...args: Arguments) => Result,
  told: StoreMetrics,
): (...args: Arguments) => Result {
  return (...args) => {
    const startedAt = performance.now()
    const result = method(...args)
    if (result instanceof Promise)
      result.then(
        () => told(group, 'ok', performance.now() - startedAt),
        () => told(group, 'failed', performance.now() - startedAt),
      )
    return result
  }
}
