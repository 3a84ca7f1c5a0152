import {
  acceptedContent,
  inputRequired,
  ResourceTemplate,
  type GetPromptResult,
  type InputRequiredResult,
  type McpServer,
  type PromptMessage,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { IMAGE } from './media.ts'

/** Resources: text, binary, of a template, watched. */
export function addResources(server: McpServer): void {
  const add = (name: string, mimeType: string, content: { text: string } | { blob: string }) => {
    const uri = `test://${name}`
    server.registerResource(name, uri, { description: `The resource ${name}.`, mimeType }, async () => ({
      contents: [{ uri, mimeType, ...content }],
    }))
  }
  add('static-text', 'text/plain', { text: 'This is the content of the static text resource.' })
  add('static-binary', 'image/png', { blob: IMAGE })
  add('watched-resource', 'text/plain', { text: 'Watched resource content' })
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { description: 'One for every id.', mimeType: 'application/json' },
    async (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
        },
      ],
    }),
  )
  server.server.setRequestHandler('resources/subscribe', async () => ({}))
  server.server.setRequestHandler('resources/unsubscribe', async () => ({}))
}

/** Prompts: with and without arguments, with a resource, with an image, with a question; and completion. */
export function addPrompts(server: McpServer): void {
  const said = (...contents: PromptMessage['content'][]): GetPromptResult => ({
    messages: contents.map((content) => ({ role: 'user', content })),
  })
  server.registerPrompt('test_simple_prompt', { description: 'One text.' }, async () =>
    said(text('This is a simple prompt for testing.')),
  )
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'A text of two arguments.', argsSchema: z.object({ arg1: z.string(), arg2: z.string() }) },
    async ({ arg1, arg2 }) => said(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'A resource and a text.', argsSchema: z.object({ resourceUri: z.string() }) },
    async ({ resourceUri: uri }) =>
      said(
        {
          type: 'resource',
          resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
        },
        text('Please process the embedded resource above.'),
      ),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'An image and a text.' }, async () =>
    said({ type: 'image', data: IMAGE, mimeType: 'image/png' }, text('Please analyze the image above.')),
  )
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'A text of what the user says.', argsSchema: z.object({}) },
    async (_args, ctx: ServerContext): Promise<GetPromptResult | InputRequiredResult> => {
      const context = acceptedContent<{ context: string }>(ctx.mcpReq.inputResponses, 'user_context')?.context
      if (typeof context === 'string') return said(text(`Use the following context: ${context}`))
      const requestedSchema = {
        type: 'object' as const,
        properties: { context: { type: 'string' as const } },
        required: ['context'],
      }
      const user_context = inputRequired.elicit({ message: 'What context?', requestedSchema })
      return inputRequired({ inputRequests: { user_context } })
    },
  )
  server.server.setRequestHandler('completion/complete', async () => ({
    completion: { values: [], total: 0, hasMore: false },
  }))
}

function text(value: string): { type: 'text'; text: string } {
  return { type: 'text', text: value }
}
