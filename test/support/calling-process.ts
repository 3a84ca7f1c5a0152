import { Agent } from 'node:https'
import { argv } from 'node:process'
import { ask, modern } from './clients.ts'

/** What a calling process is told. */
export interface Calling {
  readonly port: number
  readonly cert: string
  readonly key: string
  readonly ca: string
  /** How many calls, and how many of them at once. */
  readonly calls: number
  readonly together: number
  /** The tool that is called; `tools/list` instead unless given. */
  readonly tool?: string
}

/** Calls a tool, or asks for the list, as often as it is told, on connections that stay open: `calling-process.ts JSON`. */
const { calls, together, tool, ...door } = JSON.parse(argv[2] ?? '') as Calling
const agent = new Agent({ keepAlive: true, maxSockets: together, ...door })
const asked = tool === undefined ? modern('tools/list') : modern('tools/call', { name: tool, arguments: {} })
let left = calls

async function caller(): Promise<void> {
  while (left-- > 0) {
    const { status, body } = await ask({ ...door, agent, ...asked })
    if (status !== 200 || body.includes('"isError":true')) throw new Error(`${status} ${body}`)
  }
}

await Promise.all(Array.from({ length: together }, caller))
agent.destroy()
