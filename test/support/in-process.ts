import { AsyncLocalStorage } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'
import { Readable } from 'node:stream'
import type { CommandOptions, Finished } from './command.ts'

/** Where the command that runs writes to; other writers, as the test runner is one, are none of its business. */
const outputs = new AsyncLocalStorage<{ stdout: string; stderr: string }>()

for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name]
  const write = stream.write.bind(stream)
  stream.write = (...args: unknown[]) => {
    const output = outputs.getStore()
    const [chunk] = args
    if (output === undefined || typeof chunk !== 'string') return write(...(args as [string]))
    output[name] += chunk
    return true
  }
}

/** A command line program, which gives its exit code. */
type Program = (args: readonly string[]) => Promise<number>

/** The command before, if it still runs: there is one folder, one environment and one standard input. */
let before: Promise<unknown> = Promise.resolve()

/**
 * Runs `sallyport ARGS` to its end in this process, which takes a tenth of the time: for what a command does. That it
 * starts, ends by itself and hears signals needs a process of its own, and so does what two do at once: one waits here
 * until the other has ended.
 */
export async function inProcess(
  args: readonly string[],
  options: CommandOptions,
  program: Program = sallyport,
): Promise<Finished> {
  const finished = before.then(async () => run(program, args, options))
  before = finished.catch(() => undefined)
  return finished
}

const sallyport: Program = async (args) => (await import('../../src/cli/main.ts')).runCommandLine(args)

async function run(
  program: Program,
  args: readonly string[],
  { cwd, env, input }: CommandOptions,
): Promise<Finished> {
  const output = { stdout: '', stderr: '' }
  const outside = { cwd: process.cwd(), env: { ...process.env }, stdin: process.stdin }
  const clean = Object.entries(outside.env).filter(([name]) => !name.startsWith('SALLYPORT_'))
  const listeners = endsOf()
  process.chdir(cwd)
  environment({ ...Object.fromEntries(clean), ...env })
  standardInput(Readable.from(input === undefined ? [] : [Buffer.from(input)]))
  try {
    const code = await outputs.run(output, async () => program(args))
    if (endsOf() > listeners) throw new Error(`${args.join(' ')} still hears signals after its end`)
    return { code, ...output }
  } finally {
    process.chdir(outside.cwd)
    environment(outside.env)
    standardInput(outside.stdin)
  }
}

/** Each variable for itself: another object would not be the environment for what is not JavaScript, such as the home. */
function environment(wanted: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in wanted)) delete process.env[name]
  Object.assign(process.env, wanted)
}

function endsOf(): number {
  return process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')
}

function standardInput(value: unknown): void {
  Object.defineProperty(process, 'stdin', { configurable: true, enumerable: true, get: () => value })
  // For those who import it by its name.
  syncBuiltinESMExports()
}
