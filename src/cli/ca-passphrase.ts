import { readFile } from 'node:fs/promises'
import { variable } from '../config/environment.ts'
import { errnoOf, SallyportError } from '../errors.ts'
import { PASSPHRASE_LENGTH, passphraseProblem, type Passphrase } from '../pki/encrypted-key.ts'
import { ask } from './ask.ts'
import { visible } from './visible.ts'

const FILE = 'SALLYPORT_CA_PASSPHRASE_FILE'

/**
 * Gets the passphrase of a CA key when it turns out to be encrypted: from the file that `SALLYPORT_CA_PASSPHRASE_FILE`
 * names, else by asking on the terminal. Never from the command line, which every process may read. Asked once.
 */
export function caPassphrase(): Passphrase {
  let known: Promise<string> | undefined
  return async (path) => await (known ??= passphraseFor(path))
}

/**
 * Gets the passphrase for a CA that is being made: from the same file, else by asking twice.
 *
 * @throws SallyportError `PASSWORD_REFUSED` for one that is too short or mistyped, or where there is nobody to ask
 */
export async function newCaPassphrase(): Promise<string> {
  const given = await fromFile()
  const passphrase =
    given ?? (await ask(`Passphrase for the CA keys, at least ${PASSPHRASE_LENGTH.least} characters:`))
  if (passphrase === undefined) throw nobody('the CA keys are to be encrypted')
  const problem = passphraseProblem(passphrase)
  if (problem !== undefined) throw refused(`the passphrase ${problem}`)
  if (given === undefined && (await ask('The same again:')) !== passphrase)
    throw refused('the two passphrases differ: nothing was made')
  return passphrase
}

async function passphraseFor(path: string): Promise<string> {
  const passphrase = (await fromFile()) ?? (await ask(`Passphrase of ${visible(path)}:`))
  if (passphrase === undefined) throw nobody(`${path} is encrypted`)
  return passphrase
}

/** One line break at the end belongs to the editor, not to the passphrase. */
async function fromFile(): Promise<string | undefined> {
  const path = variable(process.env, FILE)
  if (path === undefined) return undefined
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const code = errnoOf(cause)
    throw new SallyportError('NOT_FOUND', `${FILE}: ${path} cannot be read (${code})`, { cause })
  })
  const passphrase = text.replace(/\r?\n$/, '')
  if (passphrase === '' || /[\r\n]/.test(passphrase))
    throw refused(`${FILE}: ${path} must hold the passphrase on one line`)
  return passphrase
}

function nobody(why: string): SallyportError {
  return refused(
    `${why}, and nobody can be asked for the passphrase here: put it on one line of a file that only you can read, ` +
      `and name that in ${FILE}; or run the command itself on a terminal ("npm start" asks nobody)`,
  )
}

function refused(problem: string): SallyportError {
  return new SallyportError('PASSWORD_REFUSED', problem)
}
