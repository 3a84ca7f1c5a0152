import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { lstat, mkdir } from 'node:fs/promises'
import { SallyportError } from '../../errors.ts'
import { inheritedDescriptors } from './process-descriptors.ts'
import { endOf, type EndTimes } from './process-end.ts'
import { processEnvironment } from './process-environment.ts'
import { startGuard } from './process-guard.ts'
import type { ProcessHost, SpawnUpstream } from './process-host.ts'
import type { Launch } from './process-launch.ts'
import { tellLines } from './process-lines.ts'
import { MARK, processMarks } from './process-mark.ts'
import { planLaunch } from './process-plan.ts'
import { startProcess, type StartedProcess } from './process-start.ts'
import type { TreeMember } from './process-tree.ts'
import { watchProcess, type ProcessLimits } from './process-watch.ts'
import type { SpawnedProcess } from './spawned-process.ts'

/** How long is waited, in ms. */
export interface SpawnTimes extends EndTimes {
  /** From its end to the end of its stdout, which what has left it may hold open. */
  readonly afterExit: number
  /** Between two looks at what it uses. */
  readonly look: number
}

const TIMES: SpawnTimes = {
  afterStdin: 500,
  afterTerm: 1_500,
  afterKill: 1_000,
  afterExit: 1_000,
  look: 1_000,
}

/** Starts processes of upstreams on this machine. */
export function createSpawn(host: ProcessHost, times: SpawnTimes = TIMES): SpawnUpstream {
  const inherited = inheritedDescriptors()
  const marks = processMarks()
  return async ({ transport }, secrets, onLine) => {
    if (transport.kind !== 'stdio') throw new Error('this upstream is no process of ours')
    const plan = await planLaunch(transport, host)
    if (plan.kind === 'fault') throw new SallyportError('CONFIGURATION_INVALID', plan.fault)
    const environment = processEnvironment(transport.env, secrets)
    if (plan.home !== undefined) await makeHome(plan.home)
    const mark = randomUUID()
    const launch = withMark(plan.launch({ ...plan.environment, ...environment }), mark)
    const started = await startProcess(launch, inherited)
    void tellLines(started.stderr, { onLine, environment, now: () => performance.now() })
    const limits = { memory: transport.memory, tasks: host.tasks }
    return watched(started, launch, limits, times, async () =>
      launch.end.kind === 'group' ? marks.find(mark) : [],
    )
  }
}

/** A group can be left, and a parent that ends takes nobody along: the mark is what stays. */
function withMark(launch: Launch, mark: string): Launch {
  if (launch.end.kind !== 'group') return launch
  return { ...launch, environment: { ...launch.environment, [MARK]: mark } }
}

/** Its folder is ours alone: nobody changes it between the two looks. */
async function makeHome(home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  if ((await lstat(home)).isDirectory()) return
  throw new SallyportError(
    'CONFIGURATION_INVALID',
    `${home} is no folder: it is to be the home of an upstream`,
  )
}

/** Ends it when we are gone without having ended it; in a namespace the kernel does. */
function guarded(end: Launch['end'], pid: number): () => Promise<void> {
  switch (end.kind) {
    case 'namespace':
      return async () => undefined
    case 'group':
      return startGuard(['kill', '-s', 'KILL', '--', `-${pid}`])
    case 'command':
      return startGuard(end.line)
  }
}

async function drained({ stdout, closed }: StartedProcess, time: number): Promise<void> {
  const timer = setTimeout(() => stdout.destroy(), time)
  await Promise.race([closed, once(stdout, 'close')])
  clearTimeout(timer)
}

function watched(
  started: StartedProcess,
  { end }: Launch,
  limits: ProcessLimits,
  times: SpawnTimes,
  marked: () => Promise<readonly TreeMember[]>,
): SpawnedProcess {
  const { pid, stdin, stdout } = started
  let why: string | undefined
  const stopGuard = guarded(end, pid)
  const watch = watchProcess(pid, limits, times.look, (excess) => {
    why = excess
    void ending.kill()
  })
  const ending = endOf(started, end, times, watch.seen, marked)
  const closed = started.exited.then(async (how) => {
    watch.stop()
    await ending.rest()
    await stopGuard()
    await drained(started, times.afterExit)
    return why ?? how
  })
  return {
    stdin,
    stdout,
    closed,
    async close() {
      why ??= 'it was closed'
      watch.look()
      await ending.close()
      await closed
    },
  }
}
