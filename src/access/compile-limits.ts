import type { LimitUse } from './decision.ts'
import type { AccessDocument } from './document.ts'
import { limitCounter } from './limit.ts'
import { parsePrincipalPattern, principalTest, type PrincipalTest } from './principal-pattern.ts'
import { thingsTest, type ThingsTest } from './things-test.ts'

/** A limit, made ready. */
export interface CompiledLimit {
  readonly use: LimitUse
  readonly things: ThingsTest
  /** Absent for everybody. */
  readonly concerns: PrincipalTest | undefined
}

/** Makes limits ready. One that is there twice has two counters: no call counts twice in the same. */
export function compileLimits({ limits, groups }: AccessDocument): readonly CompiledLimit[] {
  const times = new Map<string, number>()
  return limits.map((limit, index) => {
    const counter = limitCounter(limit)
    const time = (times.get(counter) ?? 0) + 1
    times.set(counter, time)
    const { subject, points, seconds } = limit
    const pattern = subject === null ? undefined : parsePrincipalPattern(subject)
    return {
      use: Object.freeze({
        limit: `limits[${index}]`,
        counter: time === 1 ? counter : `${counter}-${time}`,
        points,
        seconds,
      }),
      things: thingsTest(limit),
      concerns: pattern && principalTest([pattern], groups),
    }
  })
}
