import assert from 'node:assert/strict'
import { chmod, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import type { AuditEvent } from '../../src/audit/event.ts'
import { lockApprove, type ApproveFlags } from '../../src/cli/lock-approve.ts'
import { lockDiff } from '../../src/cli/lock-diff.ts'
import { readLockFile, writeLockFile } from '../../src/cli/lock-file.ts'
import { lockList } from '../../src/cli/lock-list.ts'
import type { LockParts } from '../../src/cli/lock-parts.ts'
import { lockRemove } from '../../src/cli/lock-remove.ts'
import { lockVerify } from '../../src/cli/lock-verify.ts'
import { tell } from '../../src/cli/print.ts'
import type { Connected, Dial } from '../../src/mcp/upstreams/connection.ts'
import { lockText } from '../../src/mcp/upstreams/lock-text.ts'
import type { Finished } from '../support/command.ts'
import { pinsOf, toolNamed } from '../support/definitions.ts'
import { inProcess } from '../support/in-process.ts'
import { installation } from '../support/installation.ts'
import { offering, type Offered } from '../support/listing-upstream.ts'
import { wiki } from '../support/relaying.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const tool = (name: string, description = 'A tool.') => ({
  name,
  description,
  inputSchema: { type: 'object' },
})
const NO_NAMES = { tool: [], prompt: [], template: [] }
const YES: ApproveFlags = { ...NO_NAMES, yes: true }

/** Commands on a lock file of their own, with upstreams that offer what the test says. */
interface Bench {
  readonly parts: LockParts
  readonly recorded: AuditEvent[]
  readonly asked: string[]
  offers: Record<string, Offered | string>
  answer: boolean | undefined
  run(command: () => Promise<void>): Promise<Finished>
}

async function bench(t: TestContext, offers: Bench['offers']): Promise<Bench> {
  const directory = await temporaryDirectory(t)
  const recorded: AuditEvent[] = []
  const asked: string[] = []
  const made: Bench = {
    offers,
    answer: undefined,
    recorded,
    asked,
    parts: {
      file: join(directory, 'sallyport.lock.yaml'),
      options: Object.keys(offers).map((name) => wiki({ name })),
      ports: {
        async connect({ name }): Promise<Connected> {
          const offered = made.offers[name]
          return typeof offered === 'object' ? offering(offered) : { kind: 'failed', why: offered ?? 'gone' }
        },
        secret: async () => undefined,
      },
      record: async (events) => void recorded.push(...events),
      confirm: async (question) => {
        asked.push(question)
        return made.answer
      },
      user: 'alice',
    },
    run: async (command) =>
      inProcess([], { cwd: directory }, async () => {
        try {
          await command()
          return 0
        } catch (error) {
          tell(String(error))
          return 1
        }
      }),
  }
  return made
}

/** What is pinned, as `upstream kind name`. */
async function pinnedIn(file: string): Promise<readonly string[]> {
  const { upstreams } = await readLockFile(file)
  return [...upstreams].flatMap(([upstream, all]) =>
    all.map(({ kind, name }) => `${upstream} ${kind} ${name}`),
  )
}

describe('lock approve', () => {
  test('writes what was shown, puts it on record, and from then on nothing differs', async (t) => {
    const { parts, run, recorded } = await bench(t, {
      wiki: { tools: [tool('search')], instructions: 'Hi.' },
      git: { tools: [tool('log')] },
    })
    const { code, stdout, stderr } = await run(() => lockApprove([], { ...YES, all: true }, parts))
    assert.equal(code, 0, stderr)
    assert.match(stdout, /wiki: 2 differences, and nothing of it was ever approved\n {2}\+ instructions/)
    assert.deepEqual(await pinnedIn(parts.file), ['git tool log', 'wiki instructions ', 'wiki tool search'])
    assert.deepEqual(
      recorded.map((event) =>
        event.event === 'definitions.approved'
          ? [event.by, event.upstream, event.definitions.map(({ kind, name }) => `${kind} ${name}`)]
          : [],
      ),
      [
        ['alice', 'wiki', ['instructions ', 'tool search']],
        ['alice', 'git', ['tool log']],
      ],
    )
    const verified = await run(() => lockVerify([], {}, parts))
    assert.equal(verified.code, 0, verified.stderr)
    assert.equal((await stat(parts.file)).mode & 0o777, 0o644)
    assert.deepEqual(await readdir(join(parts.file, '..')), ['sallyport.lock.yaml'])
  })

  test('asks, and takes nothing but yes', async (t) => {
    const made = await bench(t, { wiki: { tools: [tool('search')] } })
    const { parts, run, recorded, asked } = made
    const unasked = await run(() => lockApprove(['wiki'], NO_NAMES, parts))
    assert.equal(unasked.code, 1)
    assert.match(unasked.stderr, /no terminal to ask on: .*--yes/)
    made.answer = false
    assert.match(
      (await run(() => lockApprove(['wiki'], NO_NAMES, parts))).stderr,
      /broken off: nothing was written/,
    )
    assert.deepEqual(recorded, [])
    assert.deepEqual(await pinnedIn(parts.file), [])
    made.answer = true
    assert.equal((await run(() => lockApprove(['wiki'], NO_NAMES, parts))).code, 0)
    assert.deepEqual(asked.at(-1), 'Approve 1 difference?')
    assert.deepEqual(await pinnedIn(parts.file), ['wiki tool search'])
    // There is nothing to ask about any more.
    const again = await run(() => lockApprove(['wiki'], NO_NAMES, parts))
    assert.match(again.stderr, /there is nothing to approve/)
    assert.equal(asked.length, 3)
  })

  test('writes what was shown, although the upstream offers something else by then', async (t) => {
    const made = await bench(t, { wiki: { tools: [tool('search', 'Good.')] } })
    const { parts, run } = made
    const confirm = async () => {
      made.offers['wiki'] = { tools: [tool('search', 'Evil.')] }
      return true
    }
    await run(() => lockApprove(['wiki'], NO_NAMES, { ...parts, confirm }))
    const [pin] = (await readLockFile(parts.file)).upstreams.get('wiki') ?? []
    assert.equal(pin?.value['description'], 'Good.')
    const verified = await run(() => lockVerify([], {}, parts))
    assert.equal(verified.code, 1)
    assert.match(verified.stdout, /- Good\.\n +\+ Evil\./)
  })

  test('takes only what is named, and refuses a name that differs nowhere', async (t) => {
    const made = await bench(t, {
      wiki: { tools: [tool('a'), tool('b')], prompts: [{ name: 'p' }], instructions: 'Hi.' },
    })
    const { parts, run } = made
    await run(() => lockApprove(['wiki'], { ...YES, tool: ['a'], prompt: ['p'] }, parts))
    assert.deepEqual(await pinnedIn(parts.file), ['wiki tool a', 'wiki prompt p'])
    const missing = await run(() => lockApprove(['wiki'], { ...YES, tool: ['b', 'c\u200b'] }, parts))
    assert.match(missing.stderr, /no difference in a tool c<U\+200B>/)
    assert.deepEqual(await pinnedIn(parts.file), ['wiki tool a', 'wiki prompt p'])
    made.offers['wiki'] = { tools: [tool('b')] }
    await run(() => lockApprove(['wiki'], { ...YES, tool: ['a'] }, parts))
    assert.deepEqual(await pinnedIn(parts.file), ['wiki prompt p'])
    await run(() => lockApprove(['wiki'], YES, parts))
    assert.deepEqual(await pinnedIn(parts.file), ['wiki tool b'])
  })

  test('writes nothing without a trail to put it on, and nothing into a file that is not good', async (t) => {
    const { parts, run } = await bench(t, { wiki: { tools: [tool('search')] } })
    const record = async () => {
      throw new Error('the disk is full')
    }
    const { stderr } = await run(() => lockApprove(['wiki'], YES, { ...parts, record }))
    assert.match(stderr, /the disk is full/)
    assert.deepEqual(await pinnedIn(parts.file), [])
    await writeFile(parts.file, 'version: 1\n')
    const refused = await run(() => lockApprove(['wiki'], YES, parts))
    assert.match(refused.stderr, /sallyport\.lock\.yaml:1:1: there is no map "upstreams"/)
    assert.equal(await readFile(parts.file, 'utf8'), 'version: 1\n')
  })

  test('of what can never be served approves nothing', async (t) => {
    const { parts, run } = await bench(t, {
      wiki: { tools: [tool('two\nlines'), tool('__proto__'), tool('good'), tool('x'), tool('x')] },
    })
    const { stdout } = await run(() => lockApprove(['wiki'], YES, parts))
    assert.match(stdout, /! tool two<U\+000A>lines can never be served/)
    assert.deepEqual(await pinnedIn(parts.file), ['wiki tool good'])
  })

  test('puts hundreds of definitions on record in events of fifty', async (t) => {
    const { parts, run, recorded } = await bench(t, {
      wiki: { tools: Array.from({ length: 99 }, (_, at) => tool(`t${at}`)) },
    })
    await run(() => lockApprove(['wiki'], YES, parts))
    assert.deepEqual(
      recorded.map((event) => (event.event === 'definitions.approved' ? event.definitions.length : 0)),
      [50, 49],
    )
  })
})

describe('one upstream that is down, or wants a secret that nobody has', () => {
  test('hides no other, and is a failure', async (t) => {
    const { parts, run } = await bench(t, { down: 'ECONNREFUSED', wiki: { tools: [tool('search')] } })
    const diff = await run(() => lockDiff([], {}, parts))
    assert.equal(diff.code, 1)
    assert.match(diff.stdout, /^down: cannot be asked: ECONNREFUSED\nwiki: 1 difference/)
    assert.match(diff.stderr, /1 upstream could not be asked: down/)
    const approved = await run(() => lockApprove([], { ...YES, all: true }, parts))
    assert.equal(approved.code, 1)
    assert.deepEqual(await pinnedIn(parts.file), ['wiki tool search'])
    assert.equal((await run(() => lockVerify(['wiki'], {}, parts))).code, 0)
    assert.equal((await run(() => lockVerify([], {}, parts))).code, 1)
  })

  test('is given what was typed', async (t) => {
    const { parts, run } = await bench(t, { wiki: {} })
    const dials: Dial[] = []
    const headers = { Authorization: ['Bearer ', { user: 'token' }] }
    const options = [
      wiki({
        transport: { kind: 'http', url: new URL('https://wiki.internal'), headers, tls: { pins: [] } },
      }),
    ]
    const connect = async (_: unknown, dial: Dial) => (
      dials.push(dial),
      offering({ tools: [tool('search')] })
    )
    const ports = { connect, secret: async (upstream: string, name: string) => `${upstream}'s ${name}` }
    const { stdout } = await run(() => lockDiff([], {}, { ...parts, options, ports }))
    assert.match(stdout, /\+ tool search/)
    assert.deepEqual(
      dials.map(({ secrets }) => secrets),
      [{ token: "wiki's token" }],
    )
    const nobody = await run(() =>
      lockDiff([], {}, { ...parts, options, ports: { ...ports, secret: async () => undefined } }),
    )
    assert.match(nobody.stdout, /it wants the secret "token" of each user: run this on a terminal/)
    assert.equal(dials.length, 1)
  })

  test('or throws, is a failure as well, and its connection is closed', async (t) => {
    const { parts, run } = await bench(t, { wiki: {} })
    const connect = async () => {
      throw new Error('no such program')
    }
    const { stdout } = await run(() => lockDiff([], {}, { ...parts, ports: { ...parts.ports, connect } }))
    assert.match(stdout, /wiki: cannot be asked: no such program/)
  })
})

describe('lock diff and lock verify', () => {
  test('end with 1 when something differs, diff only if asked', async (t) => {
    const { parts, run } = await bench(t, { wiki: { tools: [tool('search')] } })
    assert.equal((await run(() => lockDiff([], {}, parts))).code, 0)
    const counted = await run(() => lockDiff([], { exitCode: true }, parts))
    assert.equal(counted.code, 1)
    assert.match(counted.stderr, /1 difference from what was approved/)
    const json = JSON.parse((await run(() => lockVerify([], { json: true }, parts))).stdout)
    assert.equal(json.upstreams[0].changes[0].name, 'search')
    assert.equal(json.upstreams[0].pinned, false)
  })

  test('know when something is gone', async (t) => {
    const made = await bench(t, { wiki: { tools: [tool('search'), tool('read')] } })
    await made.run(() => lockApprove(['wiki'], YES, made.parts))
    made.offers['wiki'] = { tools: [tool('read')] }
    const { code, stdout } = await made.run(() => lockVerify([], {}, made.parts))
    assert.equal(code, 1)
    assert.match(stdout, /- tool search/)
  })

  test('verify --offline looks at the file alone', async (t) => {
    const { parts, run } = await bench(t, { wiki: 'down', git: 'down' })
    const offline = () => run(() => lockVerify([], { offline: true }, parts))
    await writeLockFile(parts.file, () => pinsOf({ wiki: [toolNamed('a')] }))
    const missing = await offline()
    assert.match(missing.stderr, /never approved: git/)
    assert.match(missing.stdout, /^wiki: 1 definition, every hash fits$/m)
    await writeLockFile(parts.file, ({ upstreams }) => ({ upstreams: new Map([...upstreams, ['git', []]]) }))
    assert.equal((await offline()).code, 0)
    const text = await readFile(parts.file, 'utf8')
    await writeFile(parts.file, text.replace('name: a', 'name: a\n          title: more'))
    const changed = await offline()
    assert.equal(changed.code, 1)
    assert.match(
      changed.stderr,
      /sallyport\.lock\.yaml:\d+:\d+: the definition is not the one that was approved/,
    )
  })

  test('know which upstream was meant', async (t) => {
    const { parts, run } = await bench(t, { wiki: {}, git: {} })
    assert.match(
      (await run(() => lockDiff(['wkii'], {}, parts))).stderr,
      /no upstream "wkii" in sallyport\.yaml: did you mean "wiki"\?/,
    )
    assert.match(
      (await run(() => lockVerify(['something\u001b'], {}, parts))).stderr,
      /"something\\u001b" in sallyport\.yaml: there are wiki, git/,
    )
  })
})

describe('the lock file', () => {
  test('is written by many at once, and none of it is lost', async (t) => {
    const { parts } = await bench(t, {})
    const names = Array.from({ length: 8 }, (_, at) => `u${at}`)
    await Promise.all(
      names.map((name) =>
        writeLockFile(parts.file, ({ upstreams }) => ({
          upstreams: new Map([...upstreams, [name, [toolNamed('a')]]]),
        })),
      ),
    )
    assert.deepEqual(
      await pinnedIn(parts.file),
      names.map((name) => `${name} tool a`),
    )
    assert.deepEqual(await readdir(join(parts.file, '..')), ['sallyport.lock.yaml'])
  })

  test('keeps mode and comments', async (t) => {
    const { parts } = await bench(t, {})
    await writeFile(
      parts.file,
      lockText(pinsOf({ wiki: [toolNamed('a')] })).replace('  wiki:', '  # ours\n  wiki:'),
    )
    await chmod(parts.file, 0o640)
    await writeLockFile(parts.file, ({ upstreams }) => ({ upstreams: new Map([...upstreams, ['git', []]]) }))
    assert.equal((await stat(parts.file)).mode & 0o777, 0o640)
    const text = await readFile(parts.file, 'utf8')
    assert.match(text, /# ours\n {2}wiki:/)
    assert.equal(text.split('# ours').length, 2)
  })

  test('is listed', async (t) => {
    const { parts, run } = await bench(t, {})
    assert.match((await run(() => lockList([], false, parts.file))).stderr, /nothing is approved/)
    await writeLockFile(parts.file, () => pinsOf({ wiki: [toolNamed('a')], git: [toolNamed('b\u200b')] }))
    const { stdout } = await run(() => lockList([], false, parts.file))
    assert.match(
      stdout,
      /^UPSTREAM +DEFINITION +HASH\ngit +tool b<U\+200B> +[0-9a-f]{12}\nwiki +tool a +[0-9a-f]{12}\n$/,
    )
    const json = JSON.parse((await run(() => lockList(['wiki'], true, parts.file))).stdout)
    assert.deepEqual(json, [{ upstream: 'wiki', kind: 'tool', name: 'a', hash: toolNamed('a').hash }])
    assert.match(
      (await run(() => lockList(['x'], false, parts.file))).stderr,
      /nothing was ever approved of "x"/,
    )
  })
})

describe('lock remove', () => {
  const pins = () => pinsOf({ gone: [toolNamed('x')], wiki: [toolNamed('a'), toolNamed('b')] })

  test('takes out what was shown, also of an upstream that is not configured, and puts it on record', async (t) => {
    const made = await bench(t, {})
    const { parts, run, recorded, asked } = made
    await writeLockFile(parts.file, pins)
    const unasked = await run(() => lockRemove(['gone'], NO_NAMES, parts))
    assert.match(unasked.stderr, /no terminal to ask on: .*--yes/)
    made.answer = false
    assert.equal((await run(() => lockRemove(['gone'], NO_NAMES, parts))).code, 1)
    assert.deepEqual(await pinnedIn(parts.file), ['gone tool x', 'wiki tool a', 'wiki tool b'])
    assert.deepEqual(recorded, [])
    made.answer = true
    const { code, stdout } = await run(() => lockRemove(['gone'], NO_NAMES, parts))
    assert.equal(code, 0)
    assert.equal(stdout, 'gone: 1 definition\n  - tool x\n')
    assert.equal(asked.at(-1), 'Take back 1 definition?')
    assert.equal((await readLockFile(parts.file)).upstreams.has('gone'), false)
    assert.deepEqual(recorded, [
      {
        event: 'definitions.approved',
        by: 'alice',
        upstream: 'gone',
        definitions: [{ kind: 'tool', name: 'x', hash: null }],
      },
    ])
  })

  test('takes out only what is named, and nothing for a name that is not there', async (t) => {
    const { parts, run } = await bench(t, {})
    await writeLockFile(parts.file, pins)
    const slip = await run(() => lockRemove(['wiki'], { ...NO_NAMES, tool: ['a', 'c'], yes: true }, parts))
    assert.match(slip.stderr, /no tool c was approved: "npx sallyport lock list"/)
    const other = await run(() => lockRemove(['wikki'], { ...NO_NAMES, yes: true }, parts))
    assert.match(other.stderr, /nothing was ever approved of "wikki": did you mean "wiki"\?/)
    const none = await run(() => lockRemove(['wiki'], { ...NO_NAMES, instructions: true, yes: true }, parts))
    assert.match(none.stderr, /no instructions were approved/)
    assert.equal((await pinnedIn(parts.file)).length, 3)
    const flags = { ...NO_NAMES, tool: ['a', 'b'], yes: true, json: true } as const
    const { stdout } = await run(() => lockRemove(['wiki'], flags, parts))
    const [one] = JSON.parse(stdout).upstreams
    assert.deepEqual(
      [one.upstream, one.removed.map(({ name }: { name: string }) => name)],
      ['wiki', ['a', 'b']],
    )
    // It was seen once, and is not for the first time now.
    assert.deepEqual((await readLockFile(parts.file)).upstreams.get('wiki'), [])
  })
})

test('sallyport lock approves, verifies and lists what a server on standard streams offers', async (t) => {
  const { cwd, remove } = await installation()
  t.after(remove)
  const server = join(import.meta.dirname, '../support/slow-upstream.js')
  const upstream = { command: process.execPath, args: [server], trusted: true }
  await writeFile(join(cwd, 'sallyport.yaml'), JSON.stringify({ upstreams: { slow: upstream } }))
  const lock = async (...args: readonly string[]) => inProcess(['lock', ...args], { cwd })
  const wrong = await lock('approve')
  assert.equal(wrong.code, 2)
  assert.match((await lock('verify')).stderr, /3 differences from what was approved/)
  const approved = await lock('approve', 'slow', '--yes')
  assert.equal(approved.code, 0, approved.stderr)
  assert.equal((await lock('verify')).code, 0)
  assert.match((await lock('list')).stdout, /slow +tool pid/)
  assert.equal((await lock('remove')).code, 2)
  assert.equal((await lock('remove', 'slow', '--json')).code, 2)
  assert.equal((await lock('remove', 'slow', '--tool', 'pid', '--yes')).code, 0)
  assert.match((await lock('verify')).stderr, /1 difference from what was approved/)
  assert.equal((await lock('approve', 'slow', '--yes')).code, 0)
  // A key of each user need not be typed.
  const script = `test "$KEY" = hunter2 && exec ${process.execPath} ${server}`
  const keyed = { command: 'sh', args: ['-c', script], env: { KEY: '${user:key}' }, trusted: true }
  await writeFile(join(cwd, 'sallyport.yaml'), JSON.stringify({ upstreams: { slow: keyed } }))
  assert.match(
    (await lock('verify')).stdout,
    /wants the secret "key" of each user: .*--secret-file slow\/key=PATH/,
  )
  await writeFile(join(cwd, 'key'), 'hunter2\n')
  for (const command of [['diff', '--exit-code'], ['verify'], ['approve', 'slow', '--yes']]) {
    const keyless = await lock(...command, '--secret-file', 'other/key=key')
    assert.equal(keyless.code, 1, command[0])
    const done = await lock(...command, '--secret-file', 'slow/key=key')
    assert.equal(done.code, 0, done.stderr + done.stdout)
    assert.doesNotMatch(done.stdout + done.stderr, /hunter2/)
  }
  assert.match(
    (await lock('verify', '--secret-file', 'slow/key=none')).stderr,
    /none cannot be read \(ENOENT\)/,
  )
  assert.equal((await lock('verify', '--secret-file', 'hunter2')).code, 2)
  // What is missing for one hides no other.
  const broken = { command: '${NOT_SET_AT_ALL}' }
  await writeFile(join(cwd, 'sallyport.yaml'), JSON.stringify({ upstreams: { broken, slow: upstream } }))
  const both = await lock('verify')
  assert.equal(both.code, 1)
  assert.match(both.stdout, /^broken: cannot be asked: .*NOT_SET_AT_ALL.*\nslow: no difference$/m)
  // What the server would not take is not approved.
  await writeFile(
    join(cwd, 'sallyport.yaml'),
    JSON.stringify({ upstreams: { notes: upstream, slow: upstream } }),
  )
  const taken = await lock('approve', '--all', '--yes')
  assert.equal(taken.code, 1)
  assert.match(
    taken.stdout,
    /^notes: cannot be asked: upstreams.notes: "notes" is the name of an area.*\nslow: no/m,
  )
  const trail = (await readdir(join(cwd, 'data/audit'))).find((name) => name.endsWith('.jsonl')) ?? ''
  assert.match(
    await readFile(join(cwd, 'data/audit', trail), 'utf8'),
    /"event":"definitions\.approved","by":"[^"]+","upstream":"slow"/,
  )
})
