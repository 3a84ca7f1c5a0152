/**
 * What `work` comes to, if it does so within `ms`; rejects otherwise.
 *
 * An answer that is there when the time is over is taken: who was busy with something else for that long must not
 * mistake it for silence.
 */
export async function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const giveUp = (): void => late.reject(new Error(`timed out after ${ms} ms`))
  // Timers come before what was received, and immediates after it.
  const timer = setTimeout(() => setImmediate(giveUp), ms)
  return await Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}
