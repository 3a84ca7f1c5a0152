import { randomBytes } from 'node:crypto'
import { createRequestStateCodec, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { ListKind } from '../../src/mcp/catalog-source.ts'
import { addAskingTools, type State } from './asking-tools.ts'
import { addContentTools } from './content-tools.ts'
import { addPrompts, addResources } from './things.ts'

/** Makes servers that have everything by the names that the conformance tool looks for. */
export type ConformanceServers = (changed?: (kind: ListKind) => void) => McpServer

/**
 * What the servers of one fixture share: the key of their states, and whether the tool and the prompt that come and go
 * are there. `changed` is for servers that live for one request and cannot tell of a change by themselves.
 */
export function conformanceServers(): ConformanceServers {
  const states = createRequestStateCodec<State>({ key: randomBytes(32) })
  const isThere = { tools: true, prompts: true }
  return (changed) => {
    const server = new McpServer(
      { name: 'conformance', version: '1.0.0' },
      {
        capabilities: {
          tools: { listChanged: true },
          prompts: { listChanged: true },
          resources: { subscribe: true, listChanged: true },
          completions: {},
          logging: {},
        },
        requestState: { verify: states.verify },
      },
    )
    addContentTools(server)
    addAskingTools(server, states)
    addResources(server)
    addPrompts(server)
    addChangingLists(server, isThere, changed)
    return server
  }
}

/** A tool and a prompt that come and go, and the tools that make them. */
function addChangingLists(
  server: McpServer,
  isThere: { tools: boolean; prompts: boolean },
  changed?: (kind: ListKind) => void,
): void {
  const inputSchema = z.object({})
  const content = [{ type: 'text' as const, text: 'Here today.' }]
  const things = {
    tools: server.registerTool(
      'test_changing_tool',
      { description: 'Comes and goes.', inputSchema },
      async () => ({
        content,
      }),
    ),
    prompts: server.registerPrompt('test_changing_prompt', { description: 'Comes and goes.' }, async () => ({
      messages: [{ role: 'user', content: { type: 'text', text: 'Here today.' } }],
    })),
  }
  for (const [kind, name] of [
    ['tools', 'test_trigger_tool_change'],
    ['prompts', 'test_trigger_prompt_change'],
  ] as const) {
    if (!isThere[kind]) things[kind].disable()
    server.registerTool(name, { description: `Changes the list of ${kind}.`, inputSchema }, async () => {
      isThere[kind] = !isThere[kind]
      if (isThere[kind]) things[kind].enable()
      else things[kind].disable()
      changed?.(kind)
      return { content: [{ type: 'text', text: `The list of ${kind} has changed.` }] }
    })
  }
}
