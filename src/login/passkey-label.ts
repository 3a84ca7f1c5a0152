import { deviceWords } from './device-words.ts'

/** In characters. */
const LONGEST = 64

/** What a passkey is called: what its owner typed, in printable characters, or else the device that it was made with. */
export function passkeyLabel(typed: string | undefined, userAgent: string): string {
  const label = (typed ?? '')
    .normalize('NFKC')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  return (label === '' ? deviceWords(userAgent) : label).slice(0, LONGEST).replace(/[\ud800-\udbff]$/, '')
}
