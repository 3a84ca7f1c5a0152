import { plainText } from './peer-answer.ts'

const LONGEST = 256

/**
 * Why an exchange with an upstream failed, for the operator: bounded, and never empty. Where the words of the platform
 * say nothing of what to do, that is added.
 */
export function httpFailure({ name, message }: Error): string {
  // All that OpenSSL says of it, in a line with the address of a thread and a file of its sources.
  if (message.includes('wrong version number'))
    return 'no TLS is spoken at this port: is the URL one of "http"?'
  const words = plainText(message, LONGEST) || name
  return /issuer certificate|self-signed certificate|unable to verify the first/.test(message)
    ? `${words}: name its authority in "tls: { ca: … }"`
    : words
}
