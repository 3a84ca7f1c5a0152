import { z } from 'zod'
import { definePrompt, type PromptDefinition } from '../../../src/mcp/prompt.ts'
import { defineResource, type ResourceDefinition } from '../../../src/mcp/resource.ts'
import { defineTool, textResult, type ToolDefinition } from '../../../src/mcp/tool.ts'

const done = () => textResult('done')
const text = z.string()

/** What a bank might serve; nothing of it runs. */
export const tools: readonly ToolDefinition[] = [
  defineTool({
    name: 'files_read',
    description: 'Reads a file.',
    inputSchema: z.strictObject({ path: text }),
    permission: 'files:read',
    annotations: { readOnlyHint: true },
    run: done,
  }),
  defineTool({
    name: 'files_write',
    description: 'Writes a file.',
    inputSchema: z.strictObject({ path: text, text }),
    permission: 'files:write',
    run: done,
  }),
  defineTool({
    name: 'bank_balance',
    description: 'Says what is in an account.',
    inputSchema: z.strictObject({ account: text }),
    permission: 'bank:read',
    annotations: { readOnlyHint: true },
    run: done,
  }),
  defineTool({
    name: 'bank_pay',
    description: 'Pays.',
    inputSchema: z.strictObject({ to: text, amount: z.number(), reference: text.optional() }),
    permission: 'bank:pay',
    annotations: { destructiveHint: true },
    run: done,
  }),
  defineTool({
    name: 'deploy_run',
    description: 'Deploys a version.',
    inputSchema: z.strictObject({ environment: z.enum(['staging', 'production']), version: text }),
    permission: 'deploy:run',
    run: done,
  }),
  defineTool({
    name: 'tickets_close',
    description: 'Closes a ticket.',
    inputSchema: z.strictObject({ id: z.int(), assignee: text }),
    permission: 'tickets:write',
    run: done,
  }),
]

export const prompts: readonly PromptDefinition[] = [
  definePrompt({
    name: 'incident_report',
    description: 'Asks for a report on an incident.',
    arguments: [{ name: 'incident', description: 'Its number', required: true }],
    permission: 'incidents:read',
    get: () => Promise.resolve(undefined),
  }),
]

export const resources: readonly ResourceDefinition[] = [
  defineResource({
    name: 'customer',
    description: 'What is known of a customer.',
    uriTemplate: 'customer://{region}/{id}',
    permission: 'customers:read',
    list: () => Promise.resolve([]),
    read: () => Promise.resolve(undefined),
  }),
]
