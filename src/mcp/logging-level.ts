import { isSpecType, type LoggingLevel } from '@modelcontextprotocol/server'

/** From the least to the most severe (RFC 5424, section 6.2.1). */
const LEVELS: readonly LoggingLevel[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
]

/** Whether a value of a message is one of the levels of MCP. */
export function isLoggingLevel(value: unknown): value is LoggingLevel {
  return isSpecType.LoggingLevel(value)
}

/** Whether a line of this level is for who asked for the lines from `least` on. */
export function reaches(level: LoggingLevel, least: LoggingLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least)
}
