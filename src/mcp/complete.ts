import { UriTemplate, type CompleteRequestParams, type CompleteResult } from '@modelcontextprotocol/server'
import { UNKNOWN, type Arguments } from '../access/decision.ts'
import type { Asked } from './asked.ts'
import type { Caller } from './caller.ts'
import type { Catalog } from './catalog.ts'
import type { Guard } from './guard.ts'
import { askedOf } from './guarded-call.ts'
import type { PromptDefinition } from './prompt.ts'
import type { ResourceDefinition } from './resource.ts'
import type { Call } from './tool.ts'

/** More values than this are never sent (MCP, completion). */
const MOST_VALUES = 100
/** More values than this of one definition are not looked at. */
const MOST_CANDIDATES = 1000

/** Something whose arguments can be completed, and how what it completes to is decided on. */
export interface Completable {
  /** The thing, of whose arguments nothing is known. */
  readonly whole: Thing
  /** Values for an argument; none for one that it does not have. */
  values(
    argument: string,
    begun: string,
    call: Call,
    known: Readonly<Record<string, string>>,
  ): Promise<readonly string[]>
  /** The thing with these arguments; the whole of it while some are missing; `undefined` for what does not exist. */
  thing(args: Readonly<Record<string, string>>): Thing | undefined
}

/** The decisions on completing a thing, and on using it. */
interface Thing {
  readonly completing: Asked
  readonly using: Asked
  readonly args: Arguments
}

/** A prompt of the catalog. */
export function completablePrompt(prompt: PromptDefinition): Completable {
  const { name, arguments: parameters } = prompt
  const whole: Thing = {
    completing: askedOf('prompt', 'completion/complete', name, prompt),
    using: askedOf('prompt', 'prompts/get', name, prompt),
    args: UNKNOWN,
  }
  return {
    whole,
    async values(argument, begun, call, known) {
      const isDeclared = parameters.some((parameter) => parameter.name === argument)
      return isDeclared ? ((await prompt.complete?.(argument, begun, call, known)) ?? []) : []
    },
    thing(args) {
      const lacks = parameters.some(
        (parameter) => parameter.required === true && !Object.hasOwn(args, parameter.name),
      )
      return lacks ? whole : { ...whole, args }
    },
  }
}

/** A family of resources of the catalog. */
export function completableFamily(family: ResourceDefinition, catalog: Catalog): Completable {
  const { uriTemplate } = family
  const template = new UriTemplate(uriTemplate)
  const whole: Thing = {
    completing: { ...askedOf('resource', 'completion/complete', uriTemplate, family), isFamily: true },
    using: { ...askedOf('resource', 'resources/read', uriTemplate, family), isFamily: true },
    args: UNKNOWN,
  }
  return {
    whole,
    async values(variable, begun, call, known) {
      const isDeclared = template.variableNames.includes(variable)
      return isDeclared ? ((await family.complete?.(variable, begun, call, known)) ?? []) : []
    },
    thing(args) {
      if (template.variableNames.some((name) => !Object.hasOwn(args, name))) return whole
      const found = catalog.resource(template.expand(args))
      if (found?.definition !== family) return undefined
      const { uri, variables } = found
      return {
        completing: askedOf('resource', 'completion/complete', uri, family),
        using: askedOf('resource', 'resources/read', uri, family),
        args: variables,
      }
    },
  }
}

/**
 * Completes an argument with values that the caller may use: each is decided as the completion and as the thing that it
 * leads to. With arguments still unknown only what is allowed whatever they are is said.
 *
 * Fails closed: what cannot be decided is left out, and neither `total` nor `hasMore` tells of it. `undefined` for who
 * may not see the thing at all.
 */
export async function complete(
  guard: Guard,
  caller: Caller,
  call: Call,
  completable: Completable,
  { argument, context }: CompleteRequestParams,
): Promise<CompleteResult | undefined> {
  if (guard.foresee(caller, completable.whole.using) === 'deny') return undefined
  const known = Object.freeze({ ...context?.arguments })
  const candidates = await completable.values(argument.name, argument.value, call, known)
  const visible = candidates
    .slice(0, MOST_CANDIDATES)
    .filter((value) => mayBeSaid(guard, caller, completable, { ...known, [argument.name]: value }))
  const values = visible.slice(0, MOST_VALUES)
  return { completion: { values, total: visible.length, hasMore: visible.length > values.length } }
}

function mayBeSaid(
  guard: Guard,
  caller: Caller,
  { whole, thing }: Completable,
  known: Readonly<Record<string, string>>,
): boolean {
  const found = thing(Object.freeze(known))
  if (found === undefined) return false
  const { completing, using, args } = found
  if (guard.foresee(caller, completing, args) !== 'allow') return false
  const use = guard.foresee(caller, using, args)
  return found === whole ? use === 'allow' : use !== 'deny'
}
