import type { ASTNode } from '@marcbachmann/cel-js'
import { WEEKDAYS } from './cel-calendar.ts'
import { childrenOf, isOperation, literalText, nodesOf, pathOf } from './cel-syntax.ts'
import { suggestion } from './cel-names.ts'
import type { ConditionFault } from './condition.ts'

/** Facts that are always one of these words, or a list of such. */
const WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['principal.kind', ['service', 'agent', 'user']],
  ['auth.methods', ['certificate', 'session']],
])

/**
 * Texts that are compared with something that is never such a text, as in `now.weekday("Europe/Berlin") == "Sunday"`:
 * a rule that never matches, for a slip that nobody sees.
 */
export function vocabularyFaults(tree: ASTNode): readonly ConditionFault[] {
  return nodesOf(tree).flatMap((node) => {
    if (!isOperation(node) || !['==', '!=', 'in'].includes(node.op)) return []
    const [left, right] = node.args
    return strangersTo(left, right).concat(strangersTo(right, left))
  })
}

function strangersTo(fact: ASTNode, compared: ASTNode): readonly ConditionFault[] {
  const words = wordsOf(fact)
  if (words === undefined) return []
  const texts = compared.op === 'list' ? childrenOf(compared) : [compared]
  return texts.flatMap((one) => {
    const text = literalText(one)
    if (text === undefined || words.includes(text)) return []
    const sentence = `this is never ${JSON.stringify(text.slice(0, 60))}: ${suggestion(text, words)}`
    return [{ offset: one.start, sentence }]
  })
}

function wordsOf(node: ASTNode): readonly string[] | undefined {
  if (node.op === 'rcall' && node.args[0] === 'weekday' && pathOf(node.args[1])?.join('.') === 'now')
    return WEEKDAYS
  const path = pathOf(node)
  return path && WORDS.get(path.join('.'))
}
