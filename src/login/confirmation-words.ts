import type { ConfirmationRequest } from './confirmation-seal.ts'

/** What a call wants, in words before its name. */
export function actionWords({ action }: Pick<ConfirmationRequest, 'action'>): string {
  if (action === 'tools/call') return 'call the tool'
  if (action === 'prompts/get') return 'get the prompt'
  return action === 'resources/read' ? 'read the resource' : action
}

/** What a call was made with, in words, and the beginning of the digest that the audit trail has. */
export function credentialWords({
  methods,
  credential,
}: Pick<ConfirmationRequest, 'methods' | 'credential'>): string {
  const held = methods.map((method) =>
    method === 'certificate' ? 'a client certificate' : 'a login session',
  )
  return `${held.join(' and ')} (${credential.slice(0, 'sha256:'.length + 16)}…)`
}

/** Where a call came from, in words. */
export function originWords({ address, via }: Pick<ConfirmationRequest, 'address' | 'via'>): string {
  return [address ?? 'an address that is not known', ...(via === null ? [] : [`through ${via}`])].join(', ')
}
