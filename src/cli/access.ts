import { Command } from 'commander'
import { accessCheckCommand } from './access-check.ts'
import { accessExplainCommand } from './access-explain.ts'
import { accessReplayCommand } from './access-replay.ts'
import { accessReportCommand } from './access-report.ts'
import { accessShadowCommand } from './access-shadow.ts'
import { accessTestCommand } from './access-test.ts'

/** `sallyport access`: what the access policy says, by the server's own engine. */
export function accessCommand(): Command {
  return new Command('access')
    .description('Explain, check and test the access policy, and try a new one against the past.')
    .addCommand(accessExplainCommand())
    .addCommand(accessCheckCommand())
    .addCommand(accessTestCommand())
    .addCommand(accessReportCommand())
    .addCommand(accessReplayCommand())
    .addCommand(accessShadowCommand())
}
