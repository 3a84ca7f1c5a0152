import { LONGEST_MESSAGE } from './bridge-answer.ts'
import { answerIn, BRIDGE_ERROR, type ClientSide, type Owed } from './bridge-client.ts'
import type { Answer } from './bridge-connection.ts'
import { isRecord, readMessages } from '../wire/message.ts'

/** An error of JSON-RPC (section 5.1). */
export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** What a server said with a status that is no success: its own error if the body is one, else one of its words. */
export async function refusalIn({ status, body }: Answer): Promise<RpcError> {
  const text = await shortTextOf(body)
  const read = readMessages(text)
  const error = read.kind === 'carried' ? answerIn(read)?.error : undefined
  if (isRecord(error) && typeof error['code'] === 'number' && typeof error['message'] === 'string') {
    const { code, message, data } = error
    return { code, message, ...(data === undefined ? {} : { data }) }
  }
  return { code: BRIDGE_ERROR, message: wordsIn(text, status), data: { status } }
}

/** Answers all that are owed an answer with one error. */
export async function failAll(
  client: ClientSide,
  owed: readonly Owed[],
  { code, message, data }: RpcError,
): Promise<void> {
  for (const one of owed) await client.fail(one, message, code, data)
}

function wordsIn(text: string, status: number): string {
  const said = sallyportWords(text)
  return said === undefined
    ? `the server answered with HTTP status ${status}`
    : `${said} (HTTP status ${status})`
}

/** The `message` and `requestId` that Sallyport's edge answers with. */
function sallyportWords(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isRecord(value) || typeof value['message'] !== 'string') return undefined
    return typeof value['requestId'] === 'string'
      ? `${value['message']} Request ${value['requestId']}`
      : value['message']
  } catch {
    return undefined
  }
}

async function shortTextOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of body) {
      length += chunk.length
      if (length > LONGEST_MESSAGE) return ''
      chunks.push(chunk)
    }
  } catch {
    // The status says enough.
  }
  return Buffer.concat(chunks).toString('utf8')
}
