import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { ensurePrograms } from './ensure.ts'

/**
 * `npm test [-- PART-OF-A-PATH ...]`: sees to the programs that the tests drive, runs every test file, or those whose
 * path contains one of the words, and fails when a test failed or when none ran.
 */
const words = process.argv.slice(2)
const files = globSync('test/**/*.test.ts').filter(
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

const counts = { passed: 0, failed: 0, skipped: 0 }
const stream = run({
  files: files.map((file) => file),
  concurrency: Math.max(2, availableParallelism()),
  timeout: 180_000,
})
stream.on('test:pass', ({ details, skip }) => {
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
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
    if (counts.passed === 0) console.error('no test ran')
    if (counts.passed === 0 || counts.failed > 0) process.exitCode = 1
  })
})
