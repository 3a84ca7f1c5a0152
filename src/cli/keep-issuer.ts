import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { issuerAnswers } from './issuer-client.ts'
import { launcherPath } from './launcher.ts'
import { tell } from './print.ts'

/** Pauses before an issuer that ended is started again, in ms: longer each time, until one has lived for a while. */
const PAUSE = { least: 1_000, most: 60_000 } as const
const LIVED = 60_000

/** An issuer that is kept running. */
export interface KeptIssuer {
  /** Resolves once it listens, somebody else does, or it has failed for the first time. */
  readonly settled: Promise<void>
  /** Ends it, and resolves when it has ended. */
  stop(): Promise<void>
}

/**
 * Runs `sallyport issuer` as a process of its own for as long as this one runs: one that ends is started again. Where
 * another one answers at the socket, that one will do until it ends.
 *
 * @param socket the Unix socket where it will listen
 * @param args for the command
 */
export function keepIssuer(socket: string, args: readonly string[] = []): KeptIssuer {
  const ending = new AbortController()
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>()
  const kept = keep(socket, args, settle, ending.signal).finally(settle)
  return {
    settled,
    stop: async () => {
      ending.abort()
      await kept
    },
  }
}

async function keep(
  socket: string,
  args: readonly string[],
  settle: () => void,
  signal: AbortSignal,
): Promise<void> {
  let pause: number = PAUSE.least
  while (!signal.aborted) {
    const began = performance.now()
    const how = (await issuerAnswers(socket)) ? undefined : await run(args, settle, signal)
    settle()
    pause = performance.now() - began > LIVED ? PAUSE.least : Math.min(2 * pause, PAUSE.most)
    if (how !== undefined && !signal.aborted)
      tell(`sallyport: the issuer ended (${how}); it is started again in ${pause / 1000} s`)
    await wait(pause, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

/** Runs one to its end; resolves with how it ended. It ends with this process however that ends: its standard input does. */
async function run(args: readonly string[], listening: () => void, signal: AbortSignal): Promise<string> {
  const child = spawn(process.execPath, [launcherPath(), 'issuer', '--until-stdin-closes', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const end = (): void => void child.stdin.end()
  child.stdin.on('error', () => undefined)
  signal.addEventListener('abort', end)
  createInterface({ input: child.stdout }).once('line', listening)
  const how = await ended(child)
  signal.removeEventListener('abort', end)
  return how
}

async function ended(child: ChildProcess): Promise<string> {
  try {
    await once(child, 'exit')
    return child.signalCode ?? `exit code ${child.exitCode}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
