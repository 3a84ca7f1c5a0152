import { allows } from './access/permission.ts'
import type { InstructionsOf } from './mcp/serving.ts'
import type { Upstreams } from './mcp/upstreams/upstreams.ts'

/** What callers are told of the upstreams that they have any permission for, in the words of those, marked as theirs. */
export function upstreamInstructions(upstreams: Pick<Upstreams, 'parts' | 'instructions'>): InstructionsOf {
  return ({ context }) => {
    const { tools = [], prompts = [], resources = [] } = upstreams.parts()
    const things = [...tools, ...prompts, ...resources]
    const isFor = (name: string): boolean =>
      things.some(
        ({ upstream, permission }) =>
          upstream === name && permission !== 'authenticated' && allows(context.permissions, permission),
      )
    const texts = upstreams.instructions().flatMap(({ upstream, text }) => (isFor(upstream) ? [text] : []))
    return texts.length === 0 ? undefined : texts.join('\n\n')
  }
}
