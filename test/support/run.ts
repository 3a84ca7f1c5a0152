import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative, resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { ensurePrograms } from './ensure.ts'

/** What can be run: which files, how long each may take in ms, and how many run at once. */
const SUITES = {
  test: { pattern: 'test/**/*.test.ts', timeout: 180_000, concurrency: Math.max(2, availableParallelism()) },
  /** What takes minutes. One at a time: they measure, or keep the machine busy. */
  soak: { pattern: 'test/soak/*.soak.ts', timeout: 20 * 60_000, concurrency: 1 },
  bench: { pattern: 'test/bench/*.bench.ts', timeout: 10 * 60_000, concurrency: 1 },
} as const

/**
 * `npm test`, `npm run test:soak` and `npm run bench`, each `[-- PART-OF-A-PATH ...]`: sees to the programs that the
 * tests drive, runs every file of the suite, or those whose path contains one of the words, and fails when a test failed
 * or when none ran.
 */
const [suite = 'test', ...words] = process.argv.slice(2)
if (suite !== 'test' && suite !== 'soak' && suite !== 'bench') throw new Error(`no suite ${suite}`)
const { pattern, timeout, concurrency } = SUITES[suite]
const files = globSync(pattern).filter(
  (file) => words.length === 0 || words.some((word) => file.includes(word)),
)

const missing = ensurePrograms([
  { command: 'redis-server', package: 'redis-server' },
  { command: 'openssl', package: 'openssl' },
  { command: 'curl', package: 'curl' },
  { command: 'chromium', package: 'chromium' },
])
if (missing.length > 0) {
  console.error(missing.join('\n'))
  process.exit(1)
}

// Hundreds of processes load the same files: what is compiled once is kept, in a folder that is nobody else's.
process.env['NODE_COMPILE_CACHE'] ??= resolve('node_modules/.cache/compile')

const counts = { passed: 0, failed: 0, skipped: 0 }
/** How long the tests of each file took, in ms. */
const took = new Map<string, number>()
const SLOW = 10_000
const stream = run({
  files: files.map((file) => file),
  concurrency,
  timeout,
})
stream.on('test:pass', ({ details, skip, nesting, file }) => {
  if (nesting === 0 && file !== undefined) took.set(file, (took.get(file) ?? 0) + details.duration_ms)
  if (details.type === 'suite') return
  if (skip === undefined || skip === false) counts.passed += 1
  else counts.skipped += 1
})
stream.on('test:fail', () => {
  counts.failed += 1
})
stream.compose(spec).pipe(process.stdout)
stream.on('end', () => {
  process.once('exit', () => {
    for (const [file, ms] of [...took].filter(([, time]) => time > SLOW).toSorted(([, a], [, b]) => b - a))
      console.log(`${(ms / 1000).toFixed(1)} s  ${relative('.', file)}`)
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
    if (counts.passed === 0) console.error('no test ran')
    if (counts.passed === 0 || counts.failed > 0) process.exitCode = 1
  })
})
