import { hash, sign } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { anchorIn, type Anchor } from '../../src/audit/anchor.ts'
import { trailFiles } from '../../src/audit/trail-files.ts'
import { verifyTrail, type TrailReport } from '../../src/audit/verify-trail.ts'
import type { SignedTrail } from './audit-log.ts'

/** A trail that is tampered with, and put back. */
interface Trail {
  /** Names in the order in which they were written, by writer. */
  readonly names: readonly string[]
  readonly files: ReadonlyMap<string, readonly string[]>
}

/** What a tampering makes of some files; null takes one away. */
type Changed = ReadonlyMap<string, readonly string[] | null>

type Tampering = (trail: Trail, random: Random) => Changed

/** Whole numbers from 0 to below `n`. */
type Random = (n: number) => number

/** What was done, and what came of it. */
export interface Tampered {
  readonly kind: string
  readonly files: readonly string[]
  readonly report: TrailReport
}

/** Whether anything is wrong with a trail. */
export function isWrong({ chains, problems }: TrailReport): boolean {
  return problems.length > 0 || chains.some(({ problem }) => problem !== null)
}

/** Verifies a trail with what anchors know. */
export async function verified({ directory, keys, anchors }: SignedTrail): Promise<TrailReport> {
  const known = anchors.flatMap((line, index): Anchor[] =>
    [anchorIn(line, `anchors:${index + 1}`) ?? []].flat(),
  )
  return verifyTrail(directory, { keys, anchors: known })
}

/**
 * Tampers with a trail as often as wanted, each time in another way and place, and verifies it; in between it is as it
 * was. Who tampers has everything but the keys. A seed gives the same again.
 */
export async function* tamper(
  trail: SignedTrail,
  times: number,
  seed: number,
): AsyncGenerator<Tampered, void> {
  const random = randomFrom(seed)
  const { directory } = trail
  const names = trailFiles(await readdir(directory)).map(({ name }) => name)
  const files = new Map<string, readonly string[]>()
  for (const name of names)
    files.set(name, (await readFile(join(directory, name), 'utf8')).split('\n').slice(0, -1))
  const kinds = Object.entries(TAMPERINGS)
  for (let time = 0; time < times; time++) {
    const [kind = '', work] = kinds[time % kinds.length] ?? []
    const changed = work?.({ names, files }, random) ?? new Map<string, null>()
    for (const [name, lines] of changed) await put(join(directory, name), lines)
    yield { kind, files: [...changed.keys()], report: await verified(trail) }
    for (const name of changed.keys()) await put(join(directory, name), files.get(name) ?? null)
  }
}

async function put(path: string, lines: readonly string[] | null): Promise<void> {
  if (lines === null) await rm(path)
  // What does not end with a line break was cut there.
  else
    await writeFile(path, lines.at(-1)?.endsWith('\0cut') === true ? cutText(lines) : `${lines.join('\n')}\n`)
}

function cutText(lines: readonly string[]): string {
  return lines.join('\n').slice(0, -'\0cut'.length)
}

const TAMPERINGS: Readonly<Record<string, Tampering>> = {
  'one byte of a line': oneFile((lines, random) => {
    const at = random(lines.length)
    const bytes = Buffer.from(lines[at] ?? '')
    const byte = random(bytes.length)
    bytes[byte] = (bytes[byte] ?? 0) ^ (1 << random(7))
    // A line break would be a line more.
    if (bytes[byte] === 0x0a) bytes[byte] = 0x20
    return lines.with(at, bytes.toString('latin1'))
  }),
  'a value of a line, with its hash made anew': oneFile((lines, random) => {
    const at = random(lines.length)
    return lines.with(at, rehashed((lines[at] ?? '').replace('"at":"2026', '"at":"2025')))
  }),
  'a line removed': oneFile((lines, random) => lines.toSpliced(random(lines.length), 1)),
  'some lines removed': oneFile((lines, random) => lines.toSpliced(random(lines.length - 5), 5)),
  'a line doubled': oneFile((lines, random) => {
    const at = random(lines.length)
    return lines.toSpliced(at, 0, lines[at] ?? '')
  }),
  'two lines swapped': oneFile((lines, random) => {
    const at = random(lines.length - 1)
    return lines.toSpliced(at, 2, lines[at + 1] ?? '', lines[at] ?? '')
  }),
  'a line inserted that follows the one before it': oneFile((lines, random) => {
    const at = random(lines.length)
    return lines.toSpliced(at + 1, 0, following(lines[at] ?? ''))
  }),
  'an empty line inserted': oneFile((lines, random) => lines.toSpliced(random(lines.length), 0, '')),
  'cut in the middle of a line': oneFile((lines, random) => {
    const at = random(lines.length)
    const line = lines[at] ?? ''
    return [...lines.slice(0, at), `${line.slice(0, random(line.length - 1) + 1)}\0cut`]
  }),
  'lines cut off the end': oneFile((lines, random) => lines.slice(0, random(lines.length - 1) + 1)),
  'the signature of a checkpoint': oneFile((lines, random) => {
    const at = checkpointFrom(lines, random)
    return rewritten(lines, at, (line) =>
      line.replace(/"signature":"(.)/, (_, first) => `"signature":"${first === 'A' ? 'B' : 'A'}`),
    )
  }),
  'a checkpoint signed with a key of his own': oneFile((lines, random) => {
    const at = checkpointFrom(lines, random)
    const own = sign(null, Buffer.from('x'), OTHER_KEY).toString('base64url')
    return rewritten(lines, at, (line) => line.replace(/"signature":"[^"]+/, `"signature":"${own}`))
  }),
  'all from one line on written anew, with the old checkpoints': oneFile((lines, random) =>
    rewritten(lines, random(lines.length), (line) =>
      line.replace('"decision":"deny"', '"decision":"allow"').replace('"at":"2026', '"at":"2025'),
    ),
  ),
  'all from one line on written anew, without checkpoints': oneFile((lines, random) => {
    const at = random(lines.length)
    const kept = lines.filter((line, index) => index < at || !line.includes('"audit.checkpoint"'))
    return rewritten(kept, Math.min(at, kept.length - 1), (line) =>
      line.replace('"deny"', '"allow"').replace('"at":"2026', '"at":"2025'),
    )
  }),
  'lines of another chain in their place': (trail, random) => {
    const [name, other] = twoFiles(trail, random)
    const [lines, others] = [trail.files.get(name) ?? [], trail.files.get(other) ?? []]
    const at = random(Math.min(lines.length, others.length))
    return new Map([[name, [...lines.slice(0, at), ...others.slice(at)]]])
  },
  'two files with their names exchanged': (trail, random) => {
    const [name, other] = twoFiles(trail, random)
    return new Map([
      [name, trail.files.get(other) ?? []],
      [other, trail.files.get(name) ?? []],
    ])
  },
  'a file removed': ({ names }, random) => new Map([[names[random(names.length)] ?? '', null]]),
  'a file emptied': ({ names }, random) => new Map([[names[random(names.length)] ?? '', ['\0cut']]]),
}

/** Tampers with one file; the longer it is, the more often. */
function oneFile(work: (lines: readonly string[], random: Random) => readonly string[]): Tampering {
  return ({ files }, random) => {
    let at = random(Array.from(files.values(), (lines) => lines.length).reduce((sum, many) => sum + many, 0))
    for (const [name, lines] of files) {
      if (at < lines.length) return new Map([[name, work(lines, random)]])
      at -= lines.length
    }
    return new Map()
  }
}

function twoFiles({ names }: Trail, random: Random): readonly [string, string] {
  const first = random(names.length)
  return [names[first] ?? '', names[(first + 1 + random(names.length - 1)) % names.length] ?? '']
}

/** A private key that nobody trusts. */
const OTHER_KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIC5pNTgdVGnDDeXYl5yLZZoZHYcuJnF2zAbFvMqyaRF7
-----END PRIVATE KEY-----`

function checkpointFrom(lines: readonly string[], random: Random): number {
  const from = random(lines.length)
  const later = lines.findIndex((line, index) => index >= from && line.includes('"audit.checkpoint"'))
  return later === -1 ? lines.findLastIndex((line) => line.includes('"audit.checkpoint"')) : later
}

/** Changes a line and writes everything behind it anew, as one who has no key can. */
export function rewritten(
  lines: readonly string[],
  from: number,
  change: (line: string) => string,
): readonly string[] {
  const result = [...lines]
  for (let at = from; at < lines.length; at++) {
    const line = at === from ? change(lines[at] ?? '') : (lines[at] ?? '')
    const before = at === 0 ? placeOf(line).prev : placeOf(result[at - 1] ?? '').hash
    const seq = at === 0 ? placeOf(line).seq : placeOf(result[at - 1] ?? '').seq + 1
    const head = line.includes('"audit.checkpoint"')
      ? line.replace(/"through":\d+,"head":"[^"]+"/, `"through":${seq - 1},"head":"${before}"`)
      : line
    result[at] = rehashed(
      head
        .replace(/"seq":\d+/, `"seq":${seq}`)
        .replace(/"prev":(?:null|"[^"]+")/, `"prev":${before === null ? 'null' : `"${before}"`}`),
    )
  }
  return result
}

/** A line of his own behind another one. */
function following(line: string): string {
  const { seq, hash: prev } = placeOf(line)
  return rehashed(
    `{"v":1,"seq":${seq + 1},"at":"2026-11-21T10:00:00.000Z","event":"user.added","principal":"user:mallory","by":"operator","prev":"${prev}","hash":""}`,
  )
}

function placeOf(line: string): {
  readonly seq: number
  readonly prev: string | null
  readonly hash: string
} {
  const [, seq = '0'] = /"seq":(\d+)/.exec(line) ?? []
  const [, prev = null] = /"prev":"([^"]+)"/.exec(line) ?? []
  const [, last = ''] = /"hash":"([^"]*)"\}$/.exec(line) ?? []
  return { seq: Number(seq), prev, hash: last }
}

/** A line with the hash of what it says now. */
export function rehashed(line: string): string {
  const body = line.replace(/,"hash":"[^"]*"\}$/, '}')
  return `${body.slice(0, -1)},"hash":"sha256:${hash('sha256', body)}"}`
}

/** Numbers from a seed (mulberry32). */
function randomFrom(seed: number): Random {
  let state = seed
  return (n) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * n)
  }
}
