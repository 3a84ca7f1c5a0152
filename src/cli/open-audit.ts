import { randomBytes } from 'node:crypto'
import { pid } from 'node:process'
import { fileAuditSink, type FileAuditSink } from '../audit/sink.ts'

/** Opens the audit trail for this process: a chain of its own, named by process id and a random suffix. */
export async function openAudit(directory: string): Promise<FileAuditSink> {
  const writer = `${pid}-${randomBytes(4).toString('hex')}`
  return fileAuditSink({ directory, writer, now: Date.now })
}
