import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { UpstreamTransport } from '../../src/mcp/upstreams/options.ts'
import { until } from '../support/processes.ts'
import type { Spawning } from '../support/spawning-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import type { AttackReport, Attacks } from '../support/upstream-attacks.ts'

/**
 * Part of `npm run test:docker`, after the stack, which brings an engine and the image up: an upstream in a container.
 * Without an engine nothing is tested and nothing fails, unless CI_REQUIRE_DOCKER is set.
 */

const IMAGE = 'node:24-bookworm-slim'
const SERVER = fileURLToPath(new URL('../support/spawning-process.ts', import.meta.url))
const ATTACKS = fileURLToPath(new URL('../support/upstream-attacks.ts', import.meta.url))
const isThere = spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0
const isRequired = (process.env['CI_REQUIRE_DOCKER'] ?? '') !== ''

/** Those that have a folder of this machine. */
function containersWith(folder: string): readonly string[] {
  const args = ['ps', '--all', '--quiet', '--filter', `volume=${folder}`]
  const { stdout } = spawnSync('docker', args, { encoding: 'utf8' })
  return stdout.split('\n').filter((id) => id !== '')
}

test(
  'an upstream in a container gets at nothing of the server, and goes with it',
  { skip: !isThere && !isRequired && 'no Docker engine answers "docker info"' },
  async (t) => {
    const folder = await temporaryDirectory(t)
    const [certs, program, home] = [join(folder, 'certs'), join(folder, 'program'), join(folder, 'data/wiki')]
    await Promise.all([mkdir(certs), mkdir(program)])
    await writeFile(join(certs, 'server.key.pem'), 'SECRET')
    await copyFile(ATTACKS, join(program, 'attacks.mts'))
    const attacks: Attacks = {
      read: [certs, join(certs, 'server.key.pem')],
      write: [join(certs, 'written'), '/usr/written', join(program, 'written')],
      open: ['/proc/sys/kernel/core_pattern'],
      connect: [{ path: '/var/run/docker.sock' }],
      server: 0,
    }
    const transport: UpstreamTransport = {
      kind: 'stdio',
      command: 'node',
      args: [join(program, 'attacks.mts'), JSON.stringify(attacks)],
      env: { TOKEN: [{ user: 'token' }] },
      home,
      isolation: {
        kind: 'container',
        engine: 'docker',
        image: IMAGE,
        read: [program],
        write: [],
        network: false,
      },
      memory: 256 * 1024 ** 2,
    }
    const told: Spawning = {
      host: { own: [certs, join(folder, 'data')], passwd: '/etc/passwd' },
      transports: [transport],
    }
    for (const signal of ['SIGKILL', undefined] as const) {
      const server = spawn(process.execPath, [SERVER, JSON.stringify(told)], {
        env: { PATH: '/usr/bin:/bin', SECRET_OF_SERVER: 'of the server' },
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      t.after(() => server.kill('SIGKILL'))
      const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
      const { done, environment } = JSON.parse(line) as AttackReport
      assert.deepEqual(done, [])
      assert.equal(environment['TOKEN'], 'of-alice')
      assert.equal(environment['SECRET_OF_SERVER'], undefined)
      assert.equal(containersWith(home).length, 1)
      if (signal === undefined) server.stdin.end()
      else server.kill(signal)
      await once(server, 'exit')
      await until(() => containersWith(home).length === 0)
    }
  },
)
