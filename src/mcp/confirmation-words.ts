import type { PendingConfirmation } from './confirmations.ts'

/** What a call is of. */
export interface AskedFor {
  readonly kind: 'tool' | 'prompt' | 'resource'
  /** Name of the tool or prompt, URI of the resource. */
  readonly name: string
}

/**
 * Says what a call waits for, by when, and what to do: beside a link that the client shows, or with the link in it and
 * the call to be made again. No argument value is in it.
 */
export function askInWords(
  asked: AskedFor,
  { need, url, expiresAt }: PendingConfirmation,
  how: 'elicitation' | 'again',
): string {
  const what = `${ACTIONS[asked.kind]} ${JSON.stringify(asked.name)}`
  const until = new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z')
  const where = how === 'elicitation' ? 'the page' : url
  const ask =
    need.kind === 'approval'
      ? `Sallyport at ${new URL(url).host} lets you ${what} once another person with the role ${need.by.role} has approved this very call, by ${until}. Pass the link on: ${how === 'elicitation' ? 'nobody approves what he asked for himself' : where}.`
      : `Sallyport at ${new URL(url).host} needs your second factor before you ${what}. Open ${where} in a browser, log in as yourself, read the call and confirm it by ${until}.`
  return how === 'elicitation' ? ask : `${ask} Then make the same call again, with the same arguments.`
}

/** Says that nothing was done, since the client did not want to open the link. */
export function declinedInWords({ kind, name }: AskedFor): string {
  return `Nothing was done: the request to confirm that you ${ACTIONS[kind]} ${JSON.stringify(name)} was declined.`
}

const ACTIONS = { tool: 'call the tool', prompt: 'get the prompt', resource: 'read the resource' } as const
