import type { Params } from '../../wire/message.ts'
import type { Progress } from '../calling-client.ts'
import { isLoggingLevel } from '../logging-level.ts'
import type { UpstreamRequest } from './connection.ts'
import { plainText } from './peer-answer.ts'

/** What an upstream says of a request while it runs. */
export interface Notices {
  progress(params: Params): void
  log(params: Params): void
  /** The last progress goes out, if it was held back. Nothing does after this. */
  end(): void
}

const SECOND = 1000
const LONGEST_TEXT = 1024
/** Of the log lines of one request together, in characters of JSON: a client that reads slowly has them kept for it. */
const MOST_LOGGED = 1024 * 1024

/**
 * Passes on what is said of a request, so many times a second. Of the progress that is too much, the last is kept and
 * goes out later; log lines that are too much, or too long together, are dropped.
 */
export function noticesOf(
  { onProgress, onLog }: Pick<UpstreamRequest, 'onProgress' | 'onLog'>,
  perSecond: number,
): Notices {
  let since = 0
  let passed = 0
  let logged = 0
  let held: Progress | undefined
  let timer: NodeJS.Timeout | undefined
  const mayPass = (): boolean => {
    const now = performance.now()
    if (now - since >= SECOND) {
      since = now
      passed = 0
    }
    return passed++ < perSecond
  }
  const release = (): void => {
    clearTimeout(timer)
    timer = undefined
    const progress = held
    held = undefined
    if (progress !== undefined) quietly(() => onProgress?.(progress))
  }
  return {
    progress(params) {
      const progress = onProgress === undefined ? undefined : progressIn(params)
      if (progress === undefined) return
      held = progress
      if (mayPass()) release()
      else timer ??= setTimeout(release, SECOND).unref()
    },
    log({ level, logger, data }) {
      if (onLog === undefined || !isLoggingLevel(level) || data === undefined || !mayPass()) return
      logged += JSON.stringify(data).length
      if (logged > MOST_LOGGED) return
      const named = typeof logger === 'string' ? { logger: plainText(logger, LONGEST_TEXT) } : {}
      quietly(() => onLog({ level, ...named, data }))
    },
    end: release,
  }
}

function progressIn({ progress, total, message }: Params): Progress | undefined {
  if (typeof progress !== 'number' || !Number.isFinite(progress)) return undefined
  return {
    progress,
    ...(typeof total === 'number' && Number.isFinite(total) ? { total } : {}),
    ...(typeof message === 'string' ? { message: plainText(message, LONGEST_TEXT) } : {}),
  }
}

/** Who is told must not throw; if it does all the same, the upstream's other calls are none the worse. */
export function quietly(tell: () => void): void {
  try {
    tell()
  } catch {
    // Nobody is there to be told.
  }
}
