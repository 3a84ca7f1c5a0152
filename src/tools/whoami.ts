import { z } from 'zod'
import { defineTool, type Call, type ToolDefinition } from '../mcp/tool.ts'

/** What {@link whoami} is handed: how to read the opaque permissions of a context. */
export type PermissionsOf = (context: Call['context']) => readonly string[]

/** `whoami`: who the server takes the caller for, by which method, with which permissions, until when. */
export function whoami(permissionsOf: PermissionsOf): ToolDefinition {
  return defineTool({
    name: 'whoami',
    title: 'Who am I',
    description: 'Says who the server takes you for, how you proved it, what you may do, and until when.',
    inputSchema: z.strictObject({}),
    annotations: { readOnlyHint: true, openWorldHint: false },
    permission: 'authenticated',
    run(_args, { context }) {
      const answer = {
        principal: context.principal.id,
        methods: [...context.methods],
        roles: [...context.roles],
        permissions: [...permissionsOf(context)],
        authenticatedAt: new Date(context.authenticatedAt).toISOString(),
        mfaAt: context.mfaAt === undefined ? null : new Date(context.mfaAt).toISOString(),
        expiresAt: new Date(context.expiresAt).toISOString(),
      }
      return {
        content: [{ type: 'text', text: JSON.stringify(answer, null, 2) }],
        structuredContent: answer,
      }
    },
  })
}
