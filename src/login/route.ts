import type { LoginOptions } from './options.ts'
import type { Reply } from './reply.ts'
import type { Visit } from './visit.ts'

/** Answers one request of the door for people. */
export type Route = (visit: Visit, options: LoginOptions) => Promise<Reply> | Reply

/** Routes of one method, by their paths as Express writes them. */
export type Routes = Readonly<Record<string, Route>>
