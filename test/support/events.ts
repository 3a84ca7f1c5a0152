import assert from 'node:assert/strict'

/** The messages of a stream of server-sent events, one after the other. */
export interface Events {
  /** The next one; rejects when the stream ends first. */
  next(): Promise<Record<string, unknown>>
  /** Resolves with what comes before the stream ends. */
  rest(): Promise<readonly Record<string, unknown>[]>
  /** Tells of everything that comes before the stream ends, as it comes. */
  each(told: (message: Record<string, unknown>) => void): Promise<void>
  cancel(): Promise<void>
}

/** Reads the body of a response as events. Comments are skipped. */
export function eventsIn(response: Response): Events {
  const body = response.body ?? assert.fail('there is no body')
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  const waiting: Record<string, unknown>[] = []
  let text = ''
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read()
    if (done) return false
    const blocks = (text + value).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data: '))
      if (data !== undefined) waiting.push(JSON.parse(data.slice(6)) as Record<string, unknown>)
    }
    return true
  }
  return {
    async next() {
      while (waiting.length === 0) assert.ok(await read(), 'the stream has ended')
      return waiting.shift() ?? assert.fail()
    },
    async rest() {
      while (await read());
      return waiting.splice(0)
    },
    async each(told) {
      do for (const message of waiting.splice(0)) told(message)
      while (await read())
    },
    cancel: async () => reader.cancel(),
  }
}
