import process from 'node:process'
import { runInitCa } from '../src/cli/init-ca.ts'

process.exitCode = await runInitCa(process.argv.slice(2))
