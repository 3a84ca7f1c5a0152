import { anchorText } from '../../src/audit/anchor.ts'
import { mirror, type Outlet } from '../../src/audit/mirror.ts'
import {
  checkpointSigner,
  newSigningKey,
  publicKeysIn,
  type PublicKeys,
} from '../../src/audit/signing-key.ts'
import { fileAuditSink, type FileAuditSink } from '../../src/audit/sink.ts'
import { DECIDED } from './audit-events.ts'

/** A trail that is signed and anchored, with a clock of the test's own. */
export interface SignedTrail {
  readonly directory: string
  readonly keys: PublicKeys
  /** PEM. */
  readonly publicKey: string
  readonly privateKey: string
  /** What an anchor elsewhere has, a line each. */
  readonly anchors: readonly string[]
  readonly clock: { now: number }
  open(writer: string, largestFile?: number): Promise<FileAuditSink>
  /** Writes so many decisions with one writer, a second apart, some at once, and closes it. */
  write(writer: string, lines: number, largestFile?: number): Promise<void>
}

/** Lines, and ms, without a checkpoint at most. */
export const SIGNED_LINES = 50
export const SIGNED_MS = 60_000

/** Begins a trail in a folder. */
export function signedTrail(directory: string): SignedTrail {
  const { privateKey, publicKey } = newSigningKey()
  const clock = { now: Date.UTC(2026, 10, 21, 10) }
  const anchors: string[] = []
  const seal = { signer: checkpointSigner(privateKey, 'the key'), lines: SIGNED_LINES, ms: SIGNED_MS }
  const open = async (writer: string, largestFile = 67_108_864) =>
    fileAuditSink({
      directory,
      writer,
      now: () => clock.now,
      seal,
      largestFile,
      mirrors: [mirror(collecting(anchors), { isAnchor: true })],
    })
  return {
    directory,
    keys: publicKeysIn(publicKey, 'the key'),
    publicKey,
    privateKey,
    anchors,
    clock,
    open,
    async write(writer, lines, largestFile) {
      const sink = await open(writer, largestFile)
      for (let done = 0; done < lines;) {
        const many = Math.min(lines - done, 1 + ((done * 7) % 20))
        await Promise.all(
          Array.from({ length: many }, async (_, index) => {
            clock.now += 1000
            await sink.record({
              ...DECIDED,
              requestId: `${writer}-${done + index}`,
              resource: `tool_${(done + index) % 7}`,
            })
          }),
        )
        done += many
      }
      await sink.close()
    },
  }
}

function collecting(anchors: string[]): Outlet {
  return {
    name: 'elsewhere',
    async send(lines) {
      for (const { writer, written } of lines)
        if (written.event.event === 'audit.checkpoint')
          anchors.push(anchorText(writer, written.event, written.at))
    },
    close: async () => undefined,
  }
}
