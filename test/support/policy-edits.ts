import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Policy } from '../../src/access/decision.ts'
import { readPolicy } from '../../src/access/read-policy.ts'
import { policyFile } from '../../src/cli/policy-file.ts'
import type { FollowedFiles } from '../../src/cli/followed-files.ts'
import { proofsOf, SURFACE } from './access.ts'
import { heard } from './heard.ts'

/** What came of it. */
export interface Edited {
  /** Files that were left alone until they were judged: good ones, and others. */
  good: number
  bad: number
  /** How often something was put in force. */
  loaded: number
}

/** Changes a text of bytes; numbers from 0 to 1 say where. */
type Edit =
  | { readonly kind: 'truncate' | 'flip' | 'delete' | 'repeat'; readonly at: number }
  | { readonly kind: 'swap'; readonly at: number; readonly other: number }
  | { readonly kind: 'splice'; readonly at: number; readonly seed: number }
  | { readonly kind: 'whole'; readonly seed: number }

interface Step {
  readonly edit: Edit
  /** How it gets onto the disk. */
  readonly way: 'rename' | 'in place' | 'in two steps' | 'its end first'
  /** Whether the next edit waits until this one was judged. */
  readonly isLeft: boolean
}

const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const seed = fc.nat(0xffff)
const STEP: fc.Arbitrary<Step> = fc.record({
  edit: fc.oneof(
    fc.record({ kind: fc.constantFrom('truncate', 'flip', 'delete', 'repeat'), at }),
    fc.record({ kind: fc.constant('swap'), at, other: at }),
    fc.record({ kind: fc.constant('splice'), at, seed }),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('whole'), seed }) },
  ),
  way: fc.constantFrom('rename', 'in place', 'in two steps', 'its end first'),
  isLeft: fc.boolean(),
})

/** A good policy of so many bytes at least; each bit of the seed is a difference that can be seen. */
function wholeText(bits: number, bytes: number): string {
  const choose = (bit: number, one: string, other: string): string => ((bits >> bit) % 2 === 0 ? one : other)
  const rule = (tool: string, bit: number): string =>
    `  - { name: ${tool.replace('_', '-')}, tools: [ ${tool} ], effect: ${choose(bit, 'deny', 'approve, by: { role: boss }')} }\n`
  const grant = (who: string, bit: number): string =>
    `  - { ${who}, roles: [ ${choose(bit, 'boss', 'clerk')} ] }\n`
  const text = `version: 1
rules:
${['files_read', 'files_write', 'bank_pay', 'ping'].map((tool, index) => choose(index, '', rule(tool, index + 4))).join('')}  - { name: last, effect: deny, prompts: [ summarize ] }
limits:
  - { role: clerk, tools: [ "*" ], rate: ${1 + (bits % 99)}/m }
roles:
  clerk: [ "files:read" ]
  boss: { includes: [ clerk ], permissions: [ "*" ] }
groups:
  staff: [ "user:bob", "service:b" ]
grants:
${['service: a', 'user: alice', 'group: staff', 'agent: c'].map((who, index) => grant(who, index + 8)).join('')}`
  return text + `# ${'-'.repeat(62)}\n`.repeat(Math.max(0, Math.ceil((bytes - text.length) / 65)))
}

function edited(before: Buffer, edit: Edit, bytes: number): Buffer {
  const byte = (where: number): number => Math.floor(where * before.length)
  const lines = before.toString('latin1').split('\n')
  const line = (where: number): number => Math.floor(where * lines.length)
  const text = (where: number): string => lines[line(where)] ?? ''
  const joined = (parts: readonly string[]): Buffer => Buffer.from(parts.join('\n'), 'latin1')
  switch (edit.kind) {
    case 'truncate':
      return before.subarray(0, byte(edit.at))
    case 'flip': {
      const [index, bit] = [byte(edit.at), Math.floor(edit.at * 1e6) % 8]
      return Buffer.from(before.map((value, place) => (place === index ? value ^ (1 << bit) : value)))
    }
    case 'delete':
      return joined(lines.toSpliced(line(edit.at), 1))
    case 'repeat':
      return joined(lines.toSpliced(line(edit.at), 0, text(edit.at)))
    case 'swap':
      return joined(lines.with(line(edit.at), text(edit.other)).with(line(edit.other), text(edit.at)))
    case 'splice': {
      const other = Buffer.from(wholeText(edit.seed, bytes))
      return Buffer.concat([before.subarray(0, byte(edit.at)), other.subarray(byte(edit.at))])
    }
    case 'whole':
      return Buffer.from(wholeText(edit.seed, bytes))
  }
}

/** What a file is from one write to the next, in order. */
async function put(
  path: string,
  before: Buffer,
  after: Buffer,
  way: Step['way'],
): Promise<readonly Buffer[]> {
  const half = after.length >> 1
  if (way === 'rename') {
    await writeFile(`${path}.new`, after)
    await rename(`${path}.new`, path)
    return [after]
  }
  if (way === 'its end first') {
    await using file = await open(path, 'r+')
    const head = Buffer.concat([before.subarray(0, half), Buffer.alloc(Math.max(0, half - before.length))])
    await file.write(after, half, after.length - half, half)
    await file.write(after, 0, half, 0)
    await file.truncate(after.length)
    const rest = before.subarray(after.length)
    return [Buffer.concat([head, after.subarray(half), rest]), Buffer.concat([after, rest]), after]
  }
  await using file = await open(path, 'w')
  if (way === 'in two steps') await file.write(after, 0, half, 0)
  const done = way === 'in two steps' ? half : 0
  await file.write(after, done, after.length - done, done)
  return [Buffer.alloc(0), after.subarray(0, done), after]
}

/** Everything that callers can see of a policy. */
function answersOf(policy: Policy): string {
  const answers = ['service:a', 'service:b', 'agent:c', 'user:alice', 'user:bob', 'user:nobody'].map((id) => {
    const proofs = proofsOf(id)
    const { roles, permissions } = policy.rightsOf(proofs, 1000)
    const context = { ...proofs, roles, permissions, credential: 'sha256:0', expiresAt: 2000 }
    const decisions = SURFACE.map(({ kind, name, permission }) =>
      policy.decide(
        context,
        { action: 'tools/call', kind, resource: name, entry: name, permission },
        {},
        1000,
      ),
    )
    return { id, roles, decisions }
  })
  return JSON.stringify(answers)
}

/** The whole files that were ever on the disk. */
function history(path: string) {
  const texts = new Map<string, string>()
  return {
    add(states: readonly Buffer[]): void {
      for (const state of states) {
        const text = state.toString('utf8')
        texts.set(`sha256:${createHash('sha256').update(text).digest('hex')}`, text)
      }
    },
    /** Fails unless it is one of them, and does what that says. */
    check(policy: Policy): void {
      const text = texts.get(policy.digest)
      assert.ok(text !== undefined, 'what is in force was never a file')
      assert.equal(answersOf(policy), answersOf(readPolicy(text, path, SURFACE).policy))
    },
  }
}

/** What a file comes to when it is left alone: its digest, or what is wrong with it. */
function meaningOf(file: Buffer, path: string): { readonly digest: string } | { readonly problem: string } {
  try {
    return { digest: readPolicy(file.toString('utf8'), path, SURFACE).policy.digest }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Edits followed policy files at random. Whatever is in force must always be one of the whole files that were there, and
 * what is left alone must be taken, or refused for what is wrong with it.
 *
 * @param bytes the size of a file at most
 */
export async function editAtRandom(runs: {
  readonly files: number
  readonly edits: number
  readonly bytes: number
  readonly seed: number
}): Promise<Edited> {
  const found: Edited = { good: 0, bad: 0, loaded: 0 }
  const property = fc.asyncProperty(
    fc.array(STEP, { minLength: runs.edits, maxLength: runs.edits }),
    fc.nat(runs.bytes),
    async (steps, bytes) => {
      const folder = await mkdtemp(join(tmpdir(), 'sallyport-edits-'))
      try {
        await editOne(join(folder, 'access.yaml'), steps, bytes, found)
      } finally {
        await rm(folder, { recursive: true })
      }
    },
  )
  await fc.assert(property, { numRuns: runs.files, seed: runs.seed, endOnFailure: true })
  return found
}

async function editOne(path: string, steps: readonly Step[], bytes: number, found: Edited): Promise<void> {
  const before = history(path)
  let now: Buffer = Buffer.from(wholeText(0, bytes))
  await writeFile(path, now)
  before.add([now])
  const file = await policyFile(path, SURFACE)
  const told = heard<'loaded' | 'rejected'>()
  const taken: Policy[] = []
  file.follow({
    onLoaded(policy) {
      taken.push(policy)
      told.hear('loaded')
    },
    onRejected: () => told.hear('rejected'),
  })
  try {
    const end: Step = { edit: { kind: 'whole', seed: 0xffff }, way: 'rename', isLeft: true }
    for (const { edit, way, isLeft } of [...steps, end]) {
      const after = edited(now, edit, bytes)
      before.add(await put(path, now, after, way))
      now = after
      if (isLeft) await untilJudged(file, meaningOf(now, path), told.next, found)
      before.check(file.current())
    }
    assert.ok(taken.length > 0)
    for (const policy of taken) before.check(policy)
    found.loaded += taken.length
  } finally {
    file.close()
  }
}

async function untilJudged(
  file: FollowedFiles<Policy>,
  meaning: ReturnType<typeof meaningOf>,
  next: () => Promise<unknown>,
  found: Edited,
): Promise<void> {
  if ('problem' in meaning) found.bad++
  else found.good++
  const isJudged = (): boolean =>
    'problem' in meaning
      ? file.lastProblem() === meaning.problem
      : file.lastProblem() === null && file.current().digest === meaning.digest
  while (!isJudged()) await next()
}
