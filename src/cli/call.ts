import { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import { connected, withClientOptions, type ClientFlags } from './client-flags.ts'
import { parsedArguments } from './parsed-arguments.ts'
import { print, printJson } from './print.ts'
import { visible } from './visible.ts'

const EXAMPLES = `
Examples:
  npx sallyport call whoami --as demo
  npx sallyport call notes_write '{"id":"hello","text":"Hello"}' --as admin-cli
  npx sallyport call notes_list --as demo --json
  npx sallyport call whoami --session

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** `sallyport call`: calls a tool by the certificate of a client. */
export function callCommand(): Command {
  return withClientOptions(new Command('call'))
    .description('Call a tool, by the certificate of a client or by a session.')
    .argument('<tool>', 'name of the tool')
    .argument('[arguments]', 'its arguments, as a JSON object', parsedArguments, {})
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, args: Record<string, unknown>, flags: ClientFlags) => {
      await connected(flags, async (client) => {
        const result = await client.callTool({ name, arguments: args })
        const failed = 'isError' in result && result.isError === true
        const words = visible(textOf('content' in result ? result.content : []))
        if (flags.json === true) printJson(result)
        else if (!failed) print(words)
        if (failed) throw new SallyportError('TOOL_FAILED', words)
      })
    })
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return ''
  return content
    .map((block: { type?: unknown; text?: unknown }) =>
      block.type === 'text' ? String(block.text) : `[${String(block.type)}]`,
    )
    .join('\n')
}
