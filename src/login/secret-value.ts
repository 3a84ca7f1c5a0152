/** Bytes of UTF-8. */
export const LONGEST_SECRET = 8_192

/** A header would end at one, and so would a variable of a process. */
const CONTROL = /\p{Cc}/u

/** Whether a text can be a secret: one line, not empty, not longer than 8 KiB, in whole characters. */
export function fitsSecret(text: string): boolean {
  const bytes = Buffer.byteLength(text)
  return bytes > 0 && bytes <= LONGEST_SECRET && text.isWellFormed() && !CONTROL.test(text)
}
