import { isRecord } from '../../wire/message.ts'
import type { Greeting } from './connection.ts'
import { plainText } from './peer-answer.ts'

const LONGEST_NAME = 256
/** Of the instructions, and of the capabilities as JSON; in bytes, and in characters. */
const LONGEST = 16_384

/** What an upstream says of itself in an answer to `initialize` or `server/discover`; `undefined` if it cannot be taken. */
export function greetingOf(result: Readonly<Record<string, unknown>>): Greeting | undefined {
  const { capabilities, instructions } = result
  if (!isRecord(capabilities) || JSON.stringify(capabilities).length > LONGEST) return undefined
  const meta = result['_meta']
  const info =
    result['serverInfo'] ?? (isRecord(meta) ? meta['io.modelcontextprotocol/serverInfo'] : undefined)
  return {
    name: nameIn(info, 'name'),
    version: nameIn(info, 'version'),
    capabilities,
    instructions: typeof instructions === 'string' ? cut(instructions) : undefined,
  }
}

function nameIn(info: unknown, member: string): string {
  const value = isRecord(info) ? info[member] : undefined
  return typeof value === 'string' ? plainText(value, LONGEST_NAME) : ''
}

/** The first bytes of a text, to a whole character. */
function cut(text: string): string {
  const bytes = Buffer.from(text.slice(0, LONGEST), 'utf8')
  if (bytes.length <= LONGEST) return bytes.toString('utf8')
  return new TextDecoder().decode(bytes.subarray(0, LONGEST), { stream: true })
}
