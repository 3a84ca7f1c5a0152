import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { errnoOf, SallyportError } from '../errors.ts'
import { ask } from './ask.ts'

/** The password of a PKCS #12 file. */
export interface P12Password {
  readonly password: string
  /** Whether it was made here, and so has to be shown once. */
  readonly generated: boolean
}

/** Programs disagree on how other characters are encoded (RFC 7292, appendix B.1, and PBES2). */
const PASSWORD = /^[ -~]{8,128}$/

/**
 * Gets the password for a PKCS #12 file: from a file, by asking twice on the terminal, or else a new one of 128 bits.
 *
 * @param file path of a file with the password on one line
 * @throws SallyportError `NOT_FOUND` for the file, `PASSWORD_REFUSED` for what cannot be the password
 */
export async function p12Password(file: string | undefined): Promise<P12Password> {
  if (file !== undefined) return given(await contentOf(file))
  const answer = (await ask('Password for client.p12 (leave it empty for a new one):')) ?? ''
  if (answer === '') return { password: randomBytes(16).toString('base64url'), generated: true }
  const chosen = given(answer)
  if ((await ask('The same again:')) !== answer) throw refused('the two passwords differ: nothing was issued')
  return chosen
}

function given(password: string): P12Password {
  if (!PASSWORD.test(password))
    throw refused(
      'the password for a PKCS #12 file must have 8 to 128 characters, of those on an English keyboard',
    )
  return { password, generated: false }
}

/** One line break at the end belongs to the editor, not to the password. */
async function contentOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const code = errnoOf(cause)
    throw new SallyportError('NOT_FOUND', `the password file ${file} cannot be read (${code})`, { cause })
  })
  return text.replace(/\r?\n$/, '')
}

function refused(problem: string): SallyportError {
  return new SallyportError('PASSWORD_REFUSED', problem)
}
