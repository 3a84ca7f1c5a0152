/** From the name of a role to the names of those that it includes. */
export type Includes = ReadonlyMap<string, readonly string[]>

/**
 * Roles with all that they include, at any depth: each once, a role before those that it includes. Roles that do not
 * exist include nothing.
 */
export function withIncluded(roles: readonly string[], includes: Includes): readonly string[] {
  const found = new Set<string>()
  const waiting = roles.toReversed()
  for (let role = waiting.pop(); role !== undefined; role = waiting.pop()) {
    if (found.has(role)) continue
    found.add(role)
    waiting.push(...(includes.get(role) ?? []).toReversed())
  }
  return [...found]
}

/** Circles of roles that include each other, each as a way from a role back to it: at least one of those that meet. */
export function circles(includes: Includes): readonly (readonly string[])[] {
  const found: (readonly string[])[] = []
  const done = new Set<string>()
  for (const start of includes.keys()) {
    const circle = circleFrom(start, includes, done)
    if (circle !== undefined) found.push(circle)
  }
  return found
}

/** Follows every way from one role until it ends or comes back to itself; what was followed is not followed again. */
function circleFrom(start: string, includes: Includes, done: Set<string>): readonly string[] | undefined {
  const way = new Set<string>()
  const waiting = [{ role: start, isEnd: false }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { role, isEnd } = next
    if (isEnd) way.delete(role)
    else if (way.has(role)) return [...[...way].slice([...way].indexOf(role)), role]
    else if (!done.has(role)) {
      done.add(role)
      way.add(role)
      waiting.push({ role, isEnd: true })
      for (const included of includes.get(role) ?? []) waiting.push({ role: included, isEnd: false })
    }
  }
  return undefined
}
