import type { Connection } from './bridge-connection.ts'

/** What is in use, one at a time. */
export interface Holding<T> {
  current(): T
  /** Puts another in its place; what runs on the old connection finishes there. */
  replace(next: T): void
  /** Ends everything now, and takes no other any more. */
  close(): Promise<void>
}

/** Holds one connection for new requests, and those before it until they are done. */
export function holding<T extends { readonly connection: Connection }>(first: T): Holding<T> {
  const retired = new Set<Connection>()
  let held = first
  let isClosed = false
  return {
    current: () => held,
    replace(next) {
      if (isClosed) return void next.connection.destroy()
      const { connection } = held
      held = next
      retired.add(connection)
      void connection.retire().finally(() => retired.delete(connection))
    },
    async close() {
      isClosed = true
      await Promise.all([held.connection, ...retired].map(async (connection) => connection.destroy()))
    },
  }
}
