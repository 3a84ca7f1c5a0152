import { stderr, stdin } from 'node:process'
import { createInterface } from 'node:readline/promises'
import { SallyportError } from '../errors.ts'
import { ask } from './ask.ts'

/** Whoever answers the questions of a login. */
export interface Answers {
  /** What may be seen while it is typed. */
  name(question: string): Promise<string>
  /** What may not. */
  secret(question: string): Promise<string>
  /** Whether it makes sense to ask again. */
  readonly isPerson: boolean
}

/** Asks on the terminal. Throws `REFUSED` where there is none, and when whoever was asked breaks off. */
export const terminal: Answers = {
  isPerson: true,
  async name(question) {
    if (!stdin.isTTY) throw noTerminal()
    const lines = createInterface({ input: stdin, output: stderr })
    try {
      return (await lines.question(`${question} `)).trim()
    } catch (cause) {
      throw new SallyportError('REFUSED', 'broken off: nothing was done', { cause })
    } finally {
      lines.close()
    }
  },
  async secret(question) {
    const answer = await ask(question)
    if (answer === undefined) throw noTerminal()
    return answer
  },
}

/** Answers in the order of the questions, one per line. Throws `REFUSED` when there are no more. */
export function answersIn(text: string): Answers {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  const next = async (question: string): Promise<string> => {
    const line = lines.shift()
    if (line !== undefined) return line
    throw new SallyportError('REFUSED', `standard input has no line for the question "${question}"`)
  }
  return { isPerson: false, name: next, secret: next }
}

function noTerminal(): SallyportError {
  return new SallyportError(
    'REFUSED',
    'there is no terminal to ask on: give the name with --name and the password with --password-stdin, or use --device',
  )
}
