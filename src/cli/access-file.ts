import { parseAccessDocument } from '../access/document.ts'
import { SallyportError } from '../errors.ts'
import { editFile } from './edit-file.ts'

/**
 * Edits the access policy, as `edit-file.ts` says.
 *
 * Fails closed: a result that is not a valid policy is not written.
 *
 * @param edit gets the text and returns the new one; may run again if the file changed meanwhile
 * @throws SallyportError `NOT_FOUND` without a file, `POLICY_INVALID` if the result is not a policy, `TOO_BUSY` if
 *   others hold the file; and what `edit` throws
 */
export async function updateAccessFile(path: string, edit: (text: string) => string): Promise<void> {
  await editFile(path, (before) => {
    if (before === undefined)
      throw new SallyportError('NOT_FOUND', `${path} is not there: "npx sallyport init" makes it`)
    const after = edit(before)
    if (after !== before) parseAccessDocument(after, path)
    return after
  })
}
