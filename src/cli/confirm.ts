import { stderr, stdin } from 'node:process'
import { createInterface } from 'node:readline/promises'

/** Asks a question that is answered with yes or no, on the terminal; `undefined` where there is none. Anything but yes is no. */
export async function confirm(question: string): Promise<boolean | undefined> {
  if (!stdin.isTTY) return undefined
  const terminal = createInterface({ input: stdin, output: stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}
