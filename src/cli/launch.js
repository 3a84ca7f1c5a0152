#!/usr/bin/env node
// Plain JavaScript that every Node can parse: says so when Node is too old, then starts the program.
import { existsSync } from 'node:fs'
import process from 'node:process'

const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number)
const isSupported =
  (major === 24 && minor >= 21) || (major === 26 && (minor > 8 || (minor === 8 && patch >= 1))) || major > 26

if (!isSupported) {
  process.stderr.write(
    `sallyport: Node ${process.versions.node} is too old: it takes a resumed TLS connection without a certificate for ` +
      'an authorized one. Use Node 24.21 or later (below 25), or 26.8.1 or later. In a clone, "npm start" and ' +
      '"npx sallyport" run on the right one by themselves; if they do not, the development dependencies are missing, ' +
      'or their install scripts did not run: "npm ci --include=dev" brings them.\n',
  )
  process.exit(1)
}

// Node strips no types under node_modules, so a published package carries dist/ and no src/cli/main.ts.
const source = new URL('./main.ts', import.meta.url)
const main = existsSync(source) ? source : new URL('../../dist/cli/main.js', import.meta.url)
// Whoever reads has read enough, as `head` does: there is nothing more to do, and nothing to complain of.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})
const { runCommandLine } = await import(main.href)
process.exitCode = await runCommandLine(process.argv.slice(2))
