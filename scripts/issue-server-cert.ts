import process from 'node:process'
import { runIssueServerCert } from '../src/cli/issue-server-cert.ts'

process.exitCode = await runIssueServerCert(process.argv.slice(2))
