import { faultSentence, type ConnectionFault } from './connection-fault.ts'

/** What to tell a person of a connection by a session that failed, and what to do. */
export function sessionFaultSentence(fault: ConnectionFault, url: URL): string {
  switch (fault) {
    case 'foreign_server':
      return `the server at ${url.href} is not of the CA that was trusted at the login: if it has a new one, log in again with "sallyport login ${url.origin} --ca root.pem"`
    case 'certificate_refused':
    case 'closed':
      return `the server at ${url.href} closed the connection: is it the door for people? The one for certificates takes no session`
    case 'nobody_listens':
    case 'no_such_host':
    case 'other_name':
    case 'server_expired':
      return faultSentence(fault, { as: '', url: url.href, root: '' })
  }
}

/** What to tell a person whose session the server does not know any more. */
export function endedSentence(server: string): string {
  return `the session at ${server} has ended: log in again with "sallyport login ${server}"`
}
