/** A server of the MCP SDK 2.x behind both doors of Sallyport: run it in the folder of an installation. */
import { acceptedContent, inputRequired, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
// In a project of your own: import { protect } from 'sallyport/protect'
import { protect } from '../../src/cli/protect.ts'

/** The server as it was before: nothing in it knows of Sallyport. */
function wiki(): McpServer {
  const server = new McpServer({ name: 'wiki', version: '1.0.0' })
  server.registerTool(
    'greet',
    { description: 'Greets who calls.', inputSchema: z.object({}) },
    async (_args, { http }) => ({
      content: [{ type: 'text', text: `Hello, ${http?.authInfo?.clientId ?? 'stranger'}!` }],
    }),
  )
  server.registerTool(
    'index',
    { description: 'Reads all pages.', inputSchema: z.object({ pages: z.int().max(100) }) },
    async ({ pages }, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken
      if (progressToken === undefined) return { content: [{ type: 'text', text: `${pages} pages` }] }
      for (let progress = 1; progress <= pages; progress++)
        await mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: pages },
        })
      return { content: [{ type: 'text', text: `${pages} pages` }] }
    },
  )
  server.registerTool(
    'rename',
    { description: 'Asks how, then renames a page.', inputSchema: z.object({ page: z.string() }) },
    async ({ page }, { mcpReq }) => {
      const answer = acceptedContent<{ name: string }>(mcpReq.inputResponses, 'name')
      if (answer !== undefined) return { content: [{ type: 'text', text: `${page} is ${answer.name} now` }] }
      const requestedSchema = {
        type: 'object' as const,
        properties: { name: { type: 'string' as const } },
        required: ['name'],
      }
      return inputRequired({
        inputRequests: { name: inputRequired.elicit({ message: 'Which name?', requestedSchema }) },
      })
    },
  )
  return server
}

const door = await protect(wiki, { name: 'wiki' })
const { certificates } = await door.listen()
console.log(`https://localhost:${certificates}/mcp`)
