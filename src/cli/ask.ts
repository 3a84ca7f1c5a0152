import password from '@inquirer/password'
import { stderr, stdin } from 'node:process'
import { SallyportError } from '../errors.ts'

/**
 * Asks for a secret on the terminal, without showing what is typed; `undefined` where there is no terminal. The question
 * goes to standard error, so that standard output holds nothing but results.
 *
 * @throws SallyportError `REFUSED` if whoever was asked breaks off
 */
export async function ask(message: string): Promise<string | undefined> {
  if (!stdin.isTTY) return undefined
  try {
    return await password({ message, mask: false, toggleMask: false }, { output: stderr })
  } catch (cause) {
    throw new SallyportError('REFUSED', 'broken off: nothing was done', { cause })
  }
}
