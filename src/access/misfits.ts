import { compileCondition } from './compile-condition.ts'
import { parseAccessDocument } from './document.ts'
import type { Surface, SurfaceEntry } from './surface.ts'
import { thingsTest } from './things-test.ts'

/**
 * The entries that rules of a policy are about and do not fit: a rule that speaks of an argument which a tool does not
 * have, or has in another type, cannot judge it.
 *
 * @param file its name, for messages only
 * @throws SallyportError `POLICY_INVALID` for a text that is no policy at all
 */
export function misfitsOf(text: string, file: string, surface: Surface): readonly SurfaceEntry[] {
  const { rules } = parseAccessDocument(text, file)
  const conditional = rules.flatMap((rule) =>
    rule.when === null
      ? []
      : [{ things: thingsTest(rule), when: rule.when, hasArguments: rule.effect !== 'hide' }],
  )
  return surface.filter((entry) =>
    conditional.some(
      ({ things, when, hasArguments }) =>
        things.reach(entry.kind, entry.name) !== 'none' &&
        compileCondition(when, { kind: 'rule', hasArguments, entry }).kind === 'faults',
    ),
  )
}
