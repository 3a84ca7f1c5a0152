import { createCipheriv, createDecipheriv, randomBytes, type CipherKey } from 'node:crypto'

/** What a sealed text is for, and where it belongs: elsewhere it does not open. */
export type SealedPlace = readonly [purpose: string, ...string[]]

const NONCE_LENGTH = 12
const TAG_LENGTH = 16

/** Nonce, and ciphertext with tag: base64url. */
const SEALED = /^([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{16,})$/

/** Seals a text by AES-256-GCM (NIST SP 800-38D) under a random nonce, for one place alone. */
export function sealText(text: string, place: SealedPlace, key: CipherKey): string {
  const nonce = randomBytes(NONCE_LENGTH)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(contextOf(place))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${nonce.toString('base64url')}.${sealed.toString('base64url')}`
}

/** Fails closed: `undefined` for what was not sealed for this place by this key. */
export function openText(text: string, place: SealedPlace, key: CipherKey): string | undefined {
  const [, nonce = '', rest = ''] = SEALED.exec(text) ?? []
  const [at, sealed] = [exactBytes(nonce), exactBytes(rest)]
  if (at === undefined || sealed === undefined || sealed.length < TAG_LENGTH) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, at, { authTagLength: TAG_LENGTH })
  decipher.setAAD(contextOf(place)).setAuthTag(sealed.subarray(-TAG_LENGTH))
  try {
    const opened = [decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()]
    return Buffer.concat(opened).toString('utf8')
  } catch {
    return undefined
  }
}

/** Every text but the one that was written is another one, also where it stands for the same bytes. */
function exactBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === text ? bytes : undefined
}

function contextOf(place: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify(place))
}
