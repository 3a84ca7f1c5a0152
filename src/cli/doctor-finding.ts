import type { Config } from '../config/config.ts'

/** What a check found. */
export interface Finding {
  /** A problem keeps the server from serving, or from being safe. */
  readonly state: 'ok' | 'fixed' | 'warning' | 'problem'
  readonly check: string
  /** What it is, and where. */
  readonly what: string
  /** What to do; null where there is nothing. */
  readonly help: string | null
}

/** What the checks look at. */
export interface Ground {
  readonly config: Config
  /** Ms since the epoch. */
  readonly now: () => number
  /** Whether to change what is safe to change. */
  readonly isFixing: boolean
}

/** One thing to look at. What it throws is a problem. */
export interface Check {
  readonly name: string
  run(ground: Ground): Promise<readonly Finding[]>
}

/** Makes the findings of a check. */
export function findingsOf(check: string): {
  ok(what: string): Finding
  fixed(what: string): Finding
  warning(what: string, help: string): Finding
  problem(what: string, help: string | null): Finding
  /** A sentence of the kind "what is wrong, where: what to do". */
  sentence(state: 'warning' | 'problem', text: string): Finding
} {
  const finding = (state: Finding['state'], what: string, help: string | null): Finding =>
    Object.freeze({ state, check, what, help })
  return {
    ok: (what) => finding('ok', what, null),
    fixed: (what) => finding('fixed', what, null),
    warning: (what, help) => finding('warning', what, help),
    problem: (what, help) => finding('problem', what, help),
    sentence(state, text) {
      const at = text.lastIndexOf(': ')
      return at < 0 ? finding(state, text, null) : finding(state, text.slice(0, at), text.slice(at + 2))
    },
  }
}
