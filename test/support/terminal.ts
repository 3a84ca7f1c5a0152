import { spawn } from 'node:child_process'
import { LAUNCHER } from './command.ts'
import { findProgram } from './ensure.ts'

const TERMINAL = findProgram('script')

/** Why what needs a terminal is skipped here; false where it is not. */
export const NO_TERMINAL: string | false =
  TERMINAL === undefined ? 'there is no "script" (util-linux) for a terminal' : false

/** What came of a command on a terminal: its exit code, and all that was to be seen. */
export interface Shown {
  readonly code: unknown
  readonly shown: string
}

/** A question, and what is typed when it comes: a text, or what makes one of it. */
export type Typed = readonly [question: RegExp, answer: string | ((shown: string) => Promise<string>)]

/** Runs `sallyport ARGS` on a terminal, and answers each question when it comes. */
export async function onTerminal(
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
  args: readonly string[],
  answers: readonly Typed[],
): Promise<Shown> {
  const command = [process.execPath, LAUNCHER, ...args].map((word) => `'${word}'`).join(' ')
  // A shell that stayed beside it would be interrupted as well, and end in its own way: dash with 130.
  const child = spawn(TERMINAL ?? 'false', ['-qec', `exec ${command}`, '/dev/null'], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const left = [...answers]
  let [shown, seen] = ['', 0]
  const look = (): void => {
    const [next] = left
    if (next === undefined || !next[0].test(shown.slice(seen))) return
    seen = shown.length
    left.shift()
    const [, answer] = next
    const typed = typeof answer === 'string' ? Promise.resolve(answer) : answer(shown)
    void typed.then((text) => child.stdin.write(`${text}\r`))
  }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk
    look()
  })
  const code = await new Promise((ended) => child.once('close', ended))
  return { code, shown }
}
