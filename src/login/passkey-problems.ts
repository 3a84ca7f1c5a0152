import { problem, type Problem } from './problem.ts'

/** What is said where the host has no name. */
export const NEEDS_NAME: Problem = problem(
  'conflict',
  'Passkeys need a host name: open this page by its name, not by its address.',
)

/** What is said of every passkey that was not accepted, for whatever reason. */
export const NOT_ACCEPTED: Problem = problem(
  'invalid_credentials',
  'This passkey was not accepted. Please try again.',
)
