import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { ensurePrograms } from './ensure.ts'
import { sharedProcesses, type SharedProcess } from './shared-processes.ts'

/**
 * What can be run: which files, how long each may take in ms, how many processes run at once, and how many files of a
 * folder share one.
 */
const SUITES = {
  test: {
    pattern: 'test/**/*.test.ts',
    timeout: 180_000,
    concurrency: Math.max(2, availableParallelism()),
    together: 8,
  },
  /** What takes minutes. One at a time: they measure, or keep the machine busy. */
  soak: { pattern: 'test/soak/*.soak.ts', timeout: 45 * 60_000, concurrency: 1, together: 1 },
  bench: { pattern: 'test/bench/*.bench.ts', timeout: 10 * 60_000, concurrency: 1, together: 1 },
} as const

/**
 * `npm test`, `npm run test:soak` and `npm run bench`, each `[-- PART-OF-A-PATH ...]`: sees to the programs that the
 * tests drive, runs every file of the suite, or those whose path contains one of the words, and fails when a test failed,
 * when a file did not come to its end, or when none ran.
 */
const [suite = 'test', ...words] = process.argv.slice(2)
if (suite !== 'test' && suite !== 'soak' && suite !== 'bench') throw new Error(`no suite ${suite}`)
const { pattern, timeout, concurrency, together } = SUITES[suite]
const found = globSync(pattern).filter(
  (file) => words.length === 0 || words.some((word) => file.includes(word)),
)
// What takes longest goes first, so that at the end no process is left alone with it.
const isLong = (file: string): boolean => /^test\/(?:e2e|cli)\//.test(file)
const files = [...found.filter(isLong), ...found.filter((file) => !isLong(file))]

const missing = ensurePrograms([
  { command: 'redis-server', package: 'redis-server' },
  { command: 'openssl', package: 'openssl' },
  { command: 'curl', package: 'curl' },
  { command: 'chromium', package: 'chromium' },
  { command: 'bwrap', package: 'bubblewrap' },
])
if (missing.length > 0) {
  console.error(missing.join('\n'))
  process.exit(1)
}

// Many processes load the same files: what is compiled once is kept, in a folder that is nobody else's.
process.env['NODE_COMPILE_CACHE'] ??= resolve('node_modules/.cache/compile')

const processes = sharedProcesses(files, { most: together, timeout })
const processOf = new Map(processes.flatMap((one) => [one.entry, ...one.files].map((name) => [name, one])))

/** More than a file may take, in ms: then it blocks its own timer, or leaves something running. */
const OVERDUE = timeout + 15_000
const overdue = new Map<SharedProcess, NodeJS.Timeout>()
function watch(one: SharedProcess): void {
  clearTimeout(overdue.get(one))
  const end = (): void => {
    console.error(`killed, since nothing came of it for ${OVERDUE / 1000} s: ${one.files.join(', ')}`)
    one.kill()
  }
  overdue.set(one, setTimeout(end, OVERDUE))
}

const counts = { passed: 0, failed: 0, skipped: 0 }
/** How long the tests of each file took, in ms. */
const took = new Map<string, number>()
const SLOW = 10_000
const stream = run({ files: processes.map(({ entry }) => entry), concurrency, timeout: Infinity })
stream.on('test:dequeue', ({ name, nesting }) => {
  const one = processOf.get(name)
  if (nesting === 0 && one !== undefined) watch(one)
})
stream.on('test:complete', ({ name, nesting, details }) => {
  const one = processOf.get(name)
  if (nesting !== 0 || one === undefined) return
  watch(one)
  if (name === one.entry) clearTimeout(overdue.get(one))
  else took.set(name, details.duration_ms)
})
stream.on('test:pass', ({ details, skip }) => {
  if (details.type === 'suite') return
  if (skip === undefined || skip === false) counts.passed += 1
  else counts.skipped += 1
})
stream.on('test:fail', ({ name }) => {
  counts.failed += 1
  const one = processOf.get(name)
  if (name === one?.entry) console.error(`their process failed: ${one.files.join(', ')}`)
})
stream.compose(spec).pipe(process.stdout)
stream.on('end', () => {
  process.once('exit', () => {
    for (const [file, ms] of [...took].filter(([, time]) => time > SLOW).toSorted(([, a], [, b]) => b - a))
      console.log(`${(ms / 1000).toFixed(1)} s  ${file}`)
    const lost = files.filter((file) => !took.has(file))
    for (const file of lost) console.error(`${file}: did not come to its end`)
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
    if (counts.passed === 0) console.error('no test ran')
    if (counts.passed === 0 || counts.failed > 0 || lost.length > 0) process.exitCode = 1
  })
})
