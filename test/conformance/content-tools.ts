import { fromJsonSchema, type CallToolResult, type McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { IMAGE, SOUND } from './media.ts'

/** Tools that answer by themselves: with every kind of content, with progress, with lines of a log, with an error. */
export function addContentTools(server: McpServer): void {
  const none = z.object({})
  const simple = (name: string, description: string, ...content: CallToolResult['content']) =>
    server.registerTool(name, { description, inputSchema: none }, async () => ({ content }))

  simple('test_simple_text', 'One text.', text('This is a simple text response for testing.'))
  simple('test_image_content', 'One image.', { type: 'image', data: IMAGE, mimeType: 'image/png' })
  simple('test_audio_content', 'One sound.', { type: 'audio', data: SOUND, mimeType: 'audio/wav' })
  simple('test_embedded_resource', 'One embedded resource.', {
    type: 'resource',
    resource: {
      uri: 'test://embedded-resource',
      mimeType: 'text/plain',
      text: 'This is an embedded resource content.',
    },
  })
  simple(
    'test_multiple_content_types',
    'A text, an image and an embedded resource.',
    text('Multiple content types test:'),
    { type: 'image', data: IMAGE, mimeType: 'image/png' },
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: '{"test":"data","value":123}',
      },
    },
  )
  simple('test_streaming_elicitation', 'Answers without asking.', text('Nobody was asked.'))

  server.registerTool(
    'test_error_handling',
    { description: 'Always fails.', inputSchema: none },
    async () => ({
      content: [text('This tool intentionally returns an error for testing')],
      isError: true,
    }),
  )
  server.registerTool(
    'test_tool_with_logging',
    { description: 'Three lines of a log.', inputSchema: none },
    async (_args, ctx) => {
      await ctx.mcpReq.log('info', 'Tool execution started')
      await ctx.mcpReq.log('info', 'Tool processing data')
      await ctx.mcpReq.log('info', 'Tool execution completed')
      return { content: [text('Tool with logging executed successfully')] }
    },
  )
  server.registerTool(
    'test_logging_tool',
    { description: 'A line of a log for those who want one.', inputSchema: none },
    async (_args, ctx) => {
      await ctx.mcpReq.log('info', 'for those who have asked for it')
      return { content: [text('Logged')] }
    },
  )
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Three steps of progress.', inputSchema: none },
    async (_args, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken
      if (progressToken !== undefined)
        for (const progress of [0, 50, 100])
          await ctx.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` },
          })
      return { content: [text('Tool with progress executed successfully')] }
    },
  )
  server.registerTool(
    'test_reconnection',
    { description: 'Closes its stream in the middle of the call.', inputSchema: none },
    async (_args, ctx) => {
      ctx.http?.closeSSE?.()
      return { content: [text('Reconnection test completed successfully.')] }
    },
  )
  server.registerTool(
    'test_x_mcp_header',
    {
      description: 'One argument that is mirrored in a header.',
      inputSchema: z.object({
        region: z.string().meta({ 'x-mcp-header': 'Region' }).optional(),
        level: z.int().optional(),
      }),
    },
    async ({ region }) => ({ content: [text(`region=${region ?? '<none>'}`)] }),
  )
  server.registerTool(
    'json_schema_2020_12_tool',
    { description: 'A schema with what only JSON Schema 2020-12 has.', inputSchema: fromJsonSchema(SCHEMA) },
    async (args) => ({ content: [text(JSON.stringify(args))] }),
  )
}

function text(said: string): { type: 'text'; text: string } {
  return { type: 'text', text: said }
}

const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
} as const
