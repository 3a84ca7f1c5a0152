/** How one process is started, and ended. */
export interface Launch {
  /** Absolute. */
  readonly file: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly cwd: string
  /** Who it runs as, if not as we do; Node drops the supplementary groups, too (`setgroups` of libuv). */
  readonly identity?: { readonly uid: number; readonly gid: number }
  /** What it reads from file descriptor 3, which ends then: what nobody may see in its command line or environment. */
  readonly handedOver?: string
  /** What ends all of it, when we end without a word, too. */
  readonly end:
    /** It is the first process of a PID namespace's keeper: the kernel ends the rest with it, and it with us. */
    | { readonly kind: 'namespace' }
    /** It leads a process group. */
    | { readonly kind: 'group' }
    /** It only speaks for what runs elsewhere; this command line ends that. */
    | { readonly kind: 'command'; readonly line: readonly [file: string, ...args: string[]] }
}

/** Why an upstream cannot be started as it is configured. */
export interface LaunchFault {
  readonly kind: 'fault'
  /** Either it would not be kept apart as it is to be, or what it is to run or to see is not there, and may be later. */
  readonly of: 'isolation' | 'program'
  /** What is wrong and what to do, in words for the operator. */
  readonly fault: string
}

/** What is started for an upstream once its environment is known, or why that cannot be. */
export type LaunchPlan =
  | LaunchFault
  | {
      readonly kind: 'ready'
      /** What its environment has beside that of the configuration, which goes before. */
      readonly environment: Readonly<Record<string, string>>
      /** A folder to make, for its owner alone. */
      readonly home?: string
      readonly launch: (environment: Readonly<Record<string, string>>) => Launch
    }

/** A plan that cannot be carried out. */
export function faulty(of: LaunchFault['of'], fault: string): LaunchFault {
  return { kind: 'fault', of, fault }
}
