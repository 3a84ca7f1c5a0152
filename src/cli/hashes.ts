import type { Config } from '../config/config.ts'
import { passwords, type Passwords } from '../login/password.ts'
import { workQueue } from '../login/work-queue.ts'

/** The password functions of a command, which are those of the server but for the queue. */
export function hashes({ passwords: cost, hosts }: Config): Passwords {
  return passwords(workQueue(1, 1), cost, hosts)
}
