import { Command } from 'commander'
import { connected, withClientOptions, type ClientFlags } from './client-flags.ts'
import { firstLine } from './first-line.ts'
import { print, printJson, table, tell } from './print.ts'
import { visible, visibleLine } from './visible.ts'

const EXAMPLES = `
Examples:
  npx sallyport tools --as demo
  npx sallyport tools --as admin-cli --json
  npx sallyport tools --session`

/** `sallyport tools`: lists the tools that a client may use. */
export function toolsCommand(): Command {
  return withClientOptions(new Command('tools'))
    .description('List the tools that may be used, by the certificate of a client or by a session.')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ClientFlags) => {
      await connected(flags, async (client) => {
        const { tools } = await client.listTools()
        if (flags.json === true) return printJson(tools)
        if (tools.length === 0)
          return tell(`${flags.session === true ? 'this session' : flags.as} may use no tool.`)
        print(
          table(
            ['TOOL', 'DESCRIPTION'],
            tools.map(({ name, description = '' }) => [visibleLine(name), visible(firstLine(description))]),
          ),
        )
      })
    })
}
