import { randomUUID } from 'node:crypto'
import type { LoggingLevel, Server } from '@modelcontextprotocol/server'
import type { ClientSession } from './calling-client-of.ts'

/** Answers `logging/setLevel` of one session (MCP 2025-11-25). @returns what is known of the session */
export function serveLogging(server: Server): ClientSession {
  let level: LoggingLevel | undefined
  server.setRequestHandler('logging/setLevel', ({ params }) => {
    level = params.level
    return {}
  })
  return { name: randomUUID(), logLevel: () => level }
}
