import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** The command line program. */
export const LAUNCHER: string = resolve(import.meta.dirname, '../../src/cli/launch.js')

/** What a finished command printed and how it ended. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** How a command is run: in a folder of the test, with ports of its own, and no setting of the outside. */
export interface CommandOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

/** Ports that are free whenever they are asked for. */
export const ANY_PORTS: Readonly<Record<string, string>> = {
  SALLYPORT_PORT: '0',
  SALLYPORT_LOGIN_PORT: '0',
  SALLYPORT_OPERATIONS_PORT: '0',
}

/** Runs `sallyport ARGS` as a process of its own, to its end. */
export async function sallyport(args: readonly string[], options: CommandOptions): Promise<Finished> {
  return finished(start([LAUNCHER, ...args], options), options.input)
}

/** Runs one of the scripts as a process of its own, to its end. */
export async function script(
  name: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<Finished> {
  return finished(start([resolve(import.meta.dirname, '../../scripts', name), ...args], options))
}

/** A server in a process of its own. */
export interface Served {
  readonly ports: { readonly certificates: number; readonly people: number; readonly operations: number }
  /** Every line it has printed so far. */
  readonly lines: readonly string[]
  /** Resolves once a line that fits has been printed. */
  printed(pattern: RegExp): Promise<void>
  /** Resolves with the first line on standard error that fits, from line `from` on. */
  logged(pattern: RegExp, from?: number): Promise<string>
  /** Every line on standard error so far. */
  readonly log: readonly string[]
  readonly process: ChildProcess
  /** Tells it to stop and waits for the end; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts `sallyport start` or `serve` and waits until it listens. Rejects with what it printed if it ends before. */
export async function serving(command: 'start' | 'serve', options: CommandOptions): Promise<Served> {
  const child = start([LAUNCHER, command], { ...options, env: { ...ANY_PORTS, ...options.env } })
  const [output, errors] = [linesOf(child.stdout), linesOf(child.stderr)]
  const { lines } = output
  const printed = async (pattern: RegExp): Promise<void> => {
    await output.fitting(pattern)
  }
  const probes = new Promise<void>((listening, failed) => {
    void printed(/^Probes at:/).then(listening)
    child.once('exit', (code) =>
      failed(new Error(`ended with ${code}: ${lines.join('\n')}\n${errors.lines.join('\n')}`)),
    )
  })
  await probes
  return {
    ports: {
      certificates: portIn(lines, /localhost:(\d+)\/mcp \(client/),
      people: portIn(lines, /localhost:(\d+)\/login/),
      operations: portIn(lines, /[0-9.]+:(\d+)\/healthz/),
    },
    lines,
    printed,
    logged: errors.fitting,
    log: errors.lines,
    process: child,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null) return child.exitCode
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
      return child.exitCode
    },
  }
}

interface Lines {
  readonly lines: readonly string[]
  /** Resolves with the first line that fits, from line `from` on. */
  fitting(pattern: RegExp, from?: number): Promise<string>
}

function linesOf(input: Readable | null): Lines {
  if (input === null) throw new Error('no output')
  const lines: string[] = []
  const output = createInterface({ input }).on('line', (line) => lines.push(line))
  return {
    lines,
    fitting: async (pattern, from = 0) =>
      new Promise((found) => {
        const look = (): void => {
          const line = lines.slice(from).find((one) => pattern.test(one))
          if (line === undefined) return
          output.off('line', look)
          found(line)
        }
        output.on('line', look)
        look()
      }),
  }
}

function start(args: readonly string[], { cwd, env }: CommandOptions): ChildProcess {
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('SALLYPORT_'))
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...Object.fromEntries(clean), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  return child
}

async function finished(child: ChildProcess, input = ''): Promise<Finished> {
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  child.stdin?.end(input)
  await once(child, 'close')
  return { code: child.exitCode, ...output }
}

function portIn(lines: readonly string[], pattern: RegExp): number {
  const port = lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined)
  if (port === undefined) throw new Error(`no ${pattern.source} in ${lines.join('\n')}`)
  return Number(port)
}
