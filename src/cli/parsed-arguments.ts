import { InvalidArgumentError } from 'commander'

/** Arguments of a tool, as a JSON object on the command line. */
export function parsedArguments(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Said below, in the same words as for JSON that is no object.
  }
  throw new InvalidArgumentError(`Write a JSON object, as in '{"id":"hello"}'.`)
}
