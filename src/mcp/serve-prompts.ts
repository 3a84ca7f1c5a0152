import type { GetPromptResult, ProtocolError, Server } from '@modelcontextprotocol/server'
import { describePrompt } from './describe.ts'
import { deepFreeze } from './freeze.ts'
import type { Work } from './guard.ts'
import { askedOf, askingOf, done, guardedCall, internalError, invalidParams } from './guarded-call.ts'
import type { PromptDefinition } from './prompt.ts'
import type { Serving } from './serving.ts'
import type { Call } from './tool.ts'

/** Answers `prompts/list` and `prompts/get`. */
export function servePrompts(server: Server, serving: Serving): void {
  const { catalog, guard } = serving
  server.setRequestHandler('prompts/list', (_request, context) => {
    const { caller } = askingOf(serving, context)
    const visible = catalog.prompts.filter((prompt) =>
      guard.sees(caller, askedOf('prompt', 'prompts/list', prompt.name, prompt)),
    )
    return { prompts: visible.map(describePrompt) }
  })
  server.setRequestHandler('prompts/get', async ({ params }, context) => {
    const prompt = catalog.prompt(params.name)
    const args = deepFreeze(params.arguments ?? {})
    const asked = askedOf('prompt', 'prompts/get', params.name, prompt)
    const unknown = invalidParams(`Unknown prompt: ${params.name}`)
    return guardedCall<GetPromptResult>(serving, context, asked, args, unknown, internalError, async (call) =>
      prompt === undefined ? undefined : getPrompt(prompt, args, call),
    )
  })
}

async function getPrompt(
  prompt: PromptDefinition,
  args: Readonly<Record<string, string>>,
  call: Call,
): Promise<Work<GetPromptResult | ProtocolError> | undefined> {
  const missing = prompt.arguments.find(
    ({ name, required }) => required === true && !Object.hasOwn(args, name),
  )
  if (missing !== undefined) {
    const value = invalidParams(`The prompt ${prompt.name} needs the argument ${missing.name}`)
    return { outcome: 'invalid_arguments', value }
  }
  return done(await prompt.get(args, call))
}
