/** A server of the MCP SDK 1.x behind both doors of Sallyport: run it in the folder of an installation. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { z } from 'zod'
// In a project of your own: import { protect } from 'sallyport/protect'
import { protect } from '../../src/cli/protect.ts'

/** The server as it was before: nothing in it knows of Sallyport. */
function wiki(): McpServer {
  const server = new McpServer({ name: 'wiki', version: '1.0.0' })
  server.registerTool('greet', { description: 'Greets who calls.' }, async ({ authInfo }) => ({
    content: [{ type: 'text', text: `Hello, ${authInfo?.clientId ?? 'stranger'}!` }],
  }))
  server.registerTool(
    'index',
    { description: 'Reads all pages.', inputSchema: { pages: z.int().max(100) } },
    async ({ pages }, { _meta, sendNotification }) => {
      const progressToken = _meta?.progressToken
      if (progressToken === undefined) return { content: [{ type: 'text', text: `${pages} pages` }] }
      for (let progress = 1; progress <= pages; progress++)
        await sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress, total: pages },
        })
      return { content: [{ type: 'text', text: `${pages} pages` }] }
    },
  )
  server.registerTool(
    'rename',
    { description: 'Asks how, then renames a page.', inputSchema: { page: z.string() } },
    async ({ page }) => {
      const { content } = await server.server.elicitInput({
        message: 'Which name?',
        requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      })
      return { content: [{ type: 'text', text: `${page} is ${String(content?.['name'])} now` }] }
    },
  )
  return server
}

const door = await protect(wiki, { name: 'wiki' })
const { certificates } = await door.listen()
console.log(`https://localhost:${certificates}/mcp`)
