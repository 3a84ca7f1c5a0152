import process from 'node:process'
import { runIssueClientCert } from '../src/cli/issue-client-cert.ts'

process.exitCode = await runIssueClientCert(process.argv.slice(2))
