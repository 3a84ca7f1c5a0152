import { RE2JS } from 're2js'

/** Most characters of an expression, so that a list of counted repetitions cannot fill the memory while it is read. */
const LONGEST = 256
/** Most instructions that it may become: `(?:[a-z0-9-]{1,63}\.)+` has some 150. */
const LARGEST = 1000

/** A regular expression that takes time by the length of the text, or what is wrong with it. */
export type LinearExpression =
  | { readonly problem: string }
  | {
      /** Whether it is found anywhere in the text. */
      readonly test: (text: string) => boolean
      /** How many instructions each character may run, at worst. */
      readonly size: number
    }

/**
 * Compiles a regular expression in the syntax of RE2 (what CEL asks for: no backreferences, no lookaround). It never
 * reaches the engine of JavaScript, whose time can grow with two to the power of the text's length.
 */
export function compileLinear(pattern: string): LinearExpression {
  if (pattern.length > LONGEST) return { problem: `is longer than ${LONGEST} characters` }
  try {
    const expression = RE2JS.compile(pattern)
    const size = expression.programSize()
    if (size > LARGEST) return { problem: 'is too large: write smaller counts in braces' }
    return { test: (text) => expression.test(text), size }
  } catch (error) {
    const detail =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it cannot be read'
    return { problem: `is no regular expression of RE2: ${detail}` }
  }
}
