import assert from 'node:assert/strict'
import { chmod, chown, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { suite, test, type TestContext } from 'node:test'
import { bubblewrapProbe } from '../../../src/mcp/upstreams/bubblewrap-probe.ts'
import type { Isolation, TextWithGaps } from '../../../src/mcp/upstreams/options.ts'
import type { ProcessHost } from '../../../src/mcp/upstreams/process-host.ts'
import { thisHost } from '../../../src/mcp/upstreams/process-this-host.ts'
import { isAlive, processTree } from '../../../src/mcp/upstreams/process-tree.ts'
import { createSpawn, type SpawnTimes } from '../../../src/mcp/upstreams/spawn-upstream.ts'
import type { SpawnedProcess } from '../../../src/mcp/upstreams/spawned-process.ts'
import { heard, type Heard } from '../../support/heard.ts'
import { until } from '../../support/processes.ts'
import { withoutSandbox } from '../../support/sandbox.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const PROBE = bubblewrapProbe(process.execPath)
const noSandbox = withoutSandbox()
const isRoot = process.getuid?.() === 0
const TRUSTED: Isolation = { kind: 'trusted' }
const SANDBOX = { kind: 'bubblewrap', read: [], write: [], network: false } as const
const TIMES: SpawnTimes = { afterStdin: 50, afterTerm: 50, afterKill: 2_000, afterExit: 50, look: 20 }

/** What differs between the processes of tests. */
interface Given {
  readonly isolation: Isolation
  readonly env?: Readonly<Record<string, TextWithGaps>>
  readonly secrets?: Readonly<Record<string, string>>
  readonly memory?: number
  readonly host?: Partial<ProcessHost>
  readonly times?: Partial<SpawnTimes>
  readonly home?: string
}

interface Spawned extends SpawnedProcess {
  readonly lines: Heard<string>
  /** The next line of its stdout. */
  readonly next: () => Promise<string>
}

/** Starts a script of the system's shell, in a folder that is gone afterwards. */
async function spawnScript(t: TestContext, script: string, given: Given): Promise<Spawned> {
  const { isolation, env = {}, secrets = {}, memory = 512 * 1024 ** 2, host = {}, times = {} } = given
  const home = given.home ?? join(await temporaryDirectory(t), 'data/home')
  const ours = { ...thisHost({ own: [dirname(home)], language: 'C.UTF-8' }), bubblewrapFault: PROBE, ...host }
  const lines = heard<string>()
  const args = ['-c', script]
  const started = await createSpawn(ours, { ...TIMES, ...times })(
    { transport: { kind: 'stdio', command: 'sh', args, env, home, isolation, memory } },
    secrets,
    lines.hear,
  )
  t.after(started.close)
  const output = createInterface({ input: started.stdout })[Symbol.asyncIterator]()
  return { ...started, lines, next: async () => String((await output.next()).value) }
}

/** Descendants of this process that run a shell or what it waits by. */
function below(): ReturnType<typeof processTree> {
  return processTree(process.pid, 10_000).filter(({ pid }) => pid !== process.pid)
}

for (const [name, isolation] of [
  ['trusted', TRUSTED],
  ['in a sandbox', SANDBOX],
] as const)
  suite(`a process that is ${name}`, { skip: isolation === SANDBOX && noSandbox }, () => {
    test('speaks through its pipes, and is gone with all that it started when it is closed', async (t) => {
      const before = new Set(below().map(({ pid }) => pid))
      const { stdin, next, close, closed } = await spawnScript(t, 'setsid sleep 999 & cat', { isolation })
      stdin.write('a message\n')
      assert.equal(await next(), 'a message')
      const started = below().filter(({ pid }) => !before.has(pid))
      assert.ok(started.length >= 3)
      await close()
      assert.deepEqual(started.filter(isAlive), [])
      assert.equal(await closed, 'it was closed')
      await close()
    })

    test('is asked to end before it is made to', async (t) => {
      const script = 'trap "echo asked; exit 3" TERM; echo ready; while :; do sleep 0.01; done'
      const { next, close } = await spawnScript(t, script, { isolation, times: { afterTerm: 5_000 } })
      assert.equal(await next(), 'ready')
      const closing = close()
      assert.equal(await next(), 'asked')
      await closing
    })

    test('is made to end when it does not listen', async (t) => {
      const script = 'trap "" TERM; echo ready; while :; do sleep 1; done'
      const { next, close, closed } = await spawnScript(t, script, { isolation })
      assert.equal(await next(), 'ready')
      await close()
      assert.equal(await closed, 'it was closed')
    })

    test('says how it ended by itself', async (t) => {
      const { closed } = await spawnScript(t, 'exit 7', { isolation })
      assert.equal(await closed, 'it ended with exit code 7')
    })

    test('is killed with its memory when that is too much', async (t) => {
      const script = 'echo ready; head -c 60000000 /dev/zero | tail -c 60000000 | sleep 999'
      const { closed } = await spawnScript(t, script, { isolation, memory: 40 * 1024 ** 2 })
      assert.match(await closed, /^it used \d+ MiB of memory and may have 40 MiB$/)
    })

    test('is killed when it becomes too many', async (t) => {
      const before = below()
      const script = 'i=0; while [ $i -lt 60 ]; do sleep 999 & i=$((i+1)); done; wait'
      const { closed } = await spawnScript(t, script, { isolation, host: { tasks: 40 } })
      // Who is not root is held back by the kernel before.
      assert.match(
        await closed,
        isRoot ? /^it had more than 40 processes and threads$/ : /more than 40|exit code/,
      )
      await until(() => below().length <= before.length)
    })

    test('gets a small environment, and nobody else sees what is secret in it', async (t) => {
      const { next, close } = await spawnScript(t, 'env | sort | tr "\\n" " "; echo; cat', {
        isolation,
        env: { API: ['https://', { user: 'token' }], LD_PRELOAD: [''] },
        secrets: { token: 'a-token-of-alice' },
      })
      assert.match(
        (await next()).replaceAll(/ (?:PWD|OLDPWD|SHLVL|_|SALLYPORT_PROCESS)=\S*/g, ''),
        /^API=https:\/\/a-token-of-alice HOME=\S+\/data\/home LANG=C.UTF-8 LD_PRELOAD= PATH=\S+ TMPDIR=\/tmp $/,
      )
      for (const { pid } of below())
        assert.doesNotMatch(await readFile(`/proc/${pid}/cmdline`, 'latin1'), /a-token-of-alice/)
      await close()
    })

    test('has its stderr told by lines, without what is secret', async (t) => {
      const script =
        'printf "token %s\\033[2J\\n" "$TOKEN" >&2; head -c 9000 /dev/zero >&2; echo >&2; echo last >&2'
      const { lines } = await spawnScript(t, script, {
        isolation,
        env: { TOKEN: [{ user: 'token' }] },
        secrets: { token: 'a-token-of-alice' },
      })
      assert.equal(await lines.next(), 'token [TOKEN] [2J')
      assert.equal(await lines.next(), '(a line that is too long)')
      assert.equal(await lines.next(), 'last')
    })

    test('does not start where a value could be an argument', async (t) => {
      const env = { TOKEN: [{ user: 'token' }] }
      const secrets = { token: 'x\0--bind\0/\0/' }
      await assert.rejects(spawnScript(t, 'true', { isolation, env, secrets }), {
        code: 'CONFIGURATION_INVALID',
        message: 'The variable TOKEN would hold a NUL character',
      })
    })

    test('does not start in a home that leads elsewhere', async (t) => {
      const folder = await temporaryDirectory(t)
      await mkdir(join(folder, 'data/certs'), { recursive: true })
      await symlink(join(folder, 'data/certs'), join(folder, 'data/home'))
      const home = join(folder, 'data/home')
      await assert.rejects(spawnScript(t, 'true', { isolation, home }), { code: 'CONFIGURATION_INVALID' })
    })

    test('has a home for itself alone', async (t) => {
      const { next } = await spawnScript(t, 'echo "$HOME"; pwd; cat', { isolation })
      const home = await next()
      assert.equal(await next(), home)
      assert.equal((await stat(home)).mode & 0o777, 0o700)
    })
  })

test('a sandbox shows what is listed, as it is listed', { skip: noSandbox }, async (t) => {
  const folder = await temporaryDirectory(t)
  const [share, out, hidden] = [join(folder, 'share'), join(folder, 'share/out'), join(folder, 'hidden')]
  await mkdir(out, { recursive: true })
  await writeFile(join(share, 'text'), 'shown')
  await writeFile(hidden, 'hidden')
  const script = `cat ${share}/text; echo; cat ${hidden}; echo x > ${share}/text; echo written > ${out}/text
    echo x > /x; echo x > /dev/shm/x && echo shared; head -c 9000000 /dev/zero > /tmp/x; ls /sys /var /root /home; echo end; cat`
  const { next, lines, close } = await spawnScript(t, script, {
    isolation: { kind: 'bubblewrap', read: [share], write: [out], network: false },
    memory: 16 * 1024 ** 2,
  })
  assert.deepEqual([await next(), await next(), await next()], ['shown', 'shared', 'end'])
  await close()
  assert.equal(await readFile(join(out, 'text'), 'utf8'), 'written\n')
  const said = lines.unheard.join('\n')
  assert.match(said, /hidden: No such file.*text: Read-only.*\/x: Read-only.*No space left/s)
  for (const path of ['/sys', '/var', '/root', '/home'])
    assert.match(said, new RegExp(`'${path}': No such file`))
})

test('nothing of the configuration reaches what makes the sandbox', { skip: noSandbox }, async (t) => {
  const { next } = await spawnScript(t, 'tr "\\0" "\\n" < /proc/1/environ | sort; cat', {
    isolation: SANDBOX,
    env: { A_PRELOAD: ['/srv/out/library.so'] },
  })
  assert.match(await next(), /^PATH=\/usr/)
})

test('nobody in a sandbox makes another namespace', { skip: noSandbox }, async (t) => {
  const { next } = await spawnScript(t, 'unshare --user true && echo made || echo refused; cat', {
    isolation: SANDBOX,
  })
  assert.equal(await next(), 'refused')
})

test('a sandbox with the network is in ours', { skip: noSandbox }, async (t) => {
  const network = async (isolation: Isolation): Promise<string> => {
    const { next, close } = await spawnScript(t, 'readlink /proc/self/ns/net; cat', { isolation })
    const name = await next()
    await close()
    return name
  }
  const ours = await readlink('/proc/self/ns/net')
  assert.equal(await network({ ...SANDBOX, network: true }), ours)
  assert.notEqual(await network(SANDBOX), ours)
})

test('what left a trusted process, and whose parent has ended, is ended with it', async (t) => {
  const times = { look: 1_000_000 }
  const script = 'setsid sh -c "setsid sleep 999 & echo \\$!"; read -r _; exit 0'
  const { next, stdin, closed } = await spawnScript(t, script, { isolation: TRUSTED, times })
  const [left] = processTree(Number(await next()), 10)
  assert.ok(left !== undefined && isAlive(left))
  stdin.write('end\n')
  assert.equal(await closed, 'it ended with exit code 0')
  assert.ok(!isAlive(left))
})

test('what left a trusted process without a trace is no reason to wait for the end of its output', async (t) => {
  const script = 'env -i setsid sleep 999 & sleep 0.1; echo $!; exit 0'
  const { next, closed } = await spawnScript(t, script, { isolation: TRUSTED, times: { look: 1_000_000 } })
  const left = Number(await next())
  assert.equal(await closed, 'it ended with exit code 0')
  process.kill(left, 'SIGKILL')
})

test('the kernel bounds the processes of another user', { skip: !isRoot }, async (t) => {
  const folder = await temporaryDirectory(t)
  const [home, passwd, uid] = [join(folder, 'home'), join(folder, 'passwd'), 61_235]
  await chmod(folder, 0o755)
  await mkdir(home, { mode: 0o700 })
  await chown(home, uid, uid)
  await writeFile(passwd, `mcp:x:${uid}:${uid}::${home}:/bin/false\n`)
  const script = 'id -u; id -G; grep NoNewPrivs /proc/self/status; while :; do sleep 999 & done; wait'
  const { next, lines, close } = await spawnScript(t, script, {
    isolation: { kind: 'user', user: 'mcp' },
    host: { passwd, tasks: 20, own: [] },
    times: { look: 1_000_000 },
  })
  assert.deepEqual([await next(), await next(), await next()], [`${uid}`, `${uid}`, 'NoNewPrivs:\t1'])
  assert.match(await lines.next(), /fork/)
  await close()
})
