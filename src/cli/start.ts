import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { loadConfig, type Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { authorityFiles } from '../pki/files.ts'
import { print } from './print.ts'
import { listeningLines, serve } from './serve.ts'

/** `sallyport start`, which is `npm start`: init, then serve. */
export function startCommand(): Command {
  return new Command('start')
    .description('Make what is missing, then serve: init and serve in one.')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const isFirst = !existsSync(authorityFiles(configuration().certificates).root)
      await initElsewhere()
      const config = configuration()
      await serve(config, (ports) => {
        for (const line of ['', ...listeningLines(config, ports)]) print(line)
        if (isFirst) for (const line of nextCommands) print(line)
      })
    })
}

const EXAMPLES = `
Examples:
  npm start
  SALLYPORT_PORT=9443 SALLYPORT_LOGIN_PORT=9444 npm start`

const nextCommands: readonly string[] = [
  '',
  'Try next, in another terminal:',
  '  npx sallyport tools --as demo',
  `  npx sallyport call notes_write '{"id":"hello","text":"Hello from Sallyport"}' --as admin-cli`,
  '  npm run issue-client-cert -- billing --role reader',
]

function configuration(): Config {
  return loadConfig(process.env, process.cwd())
}

/** In a process of its own: one that serves never holds a key of the CA. */
async function initElsewhere(): Promise<void> {
  const launcher = fileURLToPath(new URL('./launch.js', import.meta.url))
  const child = spawn(process.execPath, [launcher, 'init'], { stdio: ['ignore', 'inherit', 'inherit'] })
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('exit', resolve).once('error', reject),
  )
  if (code !== 0) throw new SallyportError('CONFIGURATION_INVALID', 'nothing is served: see above')
}
