/**
 * What work comes to, or as soon as nobody waits any longer, what `otherwise` gives or throws. The work itself goes on.
 *
 * @param otherwise called only if its outcome is the one
 */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  otherwise: () => T,
): Promise<T> {
  const left = Promise.withResolvers<typeof LEFT>()
  const leave = (): void => left.resolve(LEFT)
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  try {
    const first = await Promise.race([left.promise, work])
    return first === LEFT ? otherwise() : first
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

const LEFT: unique symbol = Symbol('left')
