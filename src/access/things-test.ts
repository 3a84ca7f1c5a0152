import { compileGlob, type Glob } from './glob.ts'
import type { SurfaceEntry } from './surface.ts'
import type { Things } from './things.ts'
import { uriGlobs } from './uri-glob.ts'
import { uriSpellings } from './uri-spellings.ts'

/** How much of an entry of the surface is meant: a pattern of URIs may mean some of a family and not others. */
export type Reach = 'all' | 'some' | 'none'

/** What is meant by {@link Things}. */
export interface ThingsTest {
  /**
   * How much of one entry. Of a family of resources it is never "all" or "none" unless that can be told from the
   * beginnings of pattern and template.
   */
  reach(kind: SurfaceEntry['kind'], entry: string): Reach
  /** Whether one thing: a name, or a whole URI. */
  has(kind: SurfaceEntry['kind'], resource: string): boolean
}

/** Makes the test of patterns, any of which is enough. */
export function thingsTest(things: Things): ThingsTest {
  const globs: Readonly<Record<SurfaceEntry['kind'], readonly Glob[]>> = {
    tool: things.tools.map(compileGlob),
    prompt: things.prompts.map(compileGlob),
    resource: things.resources.flatMap(uriGlobs),
  }
  const has = (kind: SurfaceEntry['kind'], resource: string): boolean => {
    const texts = kind === 'resource' ? uriSpellings(resource) : [resource]
    return texts.some((text) => globs[kind].some((fits) => fits(text)))
  }
  return {
    has,
    reach(kind, entry) {
      if (kind === 'resource' && entry.includes('{')) return familyReach(things.resources, entry)
      return has(kind, entry) ? 'all' : 'none'
    },
  }
}

/** How much of a family patterns of URIs mean. */
function familyReach(patterns: readonly string[], template: string): Reach {
  const reaches = new Set(patterns.map((pattern) => patternReach(pattern, template)))
  return reaches.has('all') ? 'all' : reaches.has('some') ? 'some' : 'none'
}

/**
 * Every URI of a family begins with what stands before the first expression of its template (RFC 6570, 3.1). That
 * nothing of it is meant can be told from scheme and authority alone: dot segments may lead out of any path.
 */
function patternReach(pattern: string, template: string): Reach {
  const fixed = template.slice(0, template.indexOf('{'))
  const [origin = ''] = /^[^/]*(?:\/\/[^/]*)?/.exec(fixed) ?? []
  const wild = pattern.search(/[*?%]/)
  const begin = wild === -1 ? pattern : pattern.slice(0, wild)
  if (!begin.startsWith(origin) && !origin.startsWith(begin)) return 'none'
  return wild !== -1 && pattern.slice(wild) === '**' && fixed.startsWith(begin) ? 'all' : 'some'
}
