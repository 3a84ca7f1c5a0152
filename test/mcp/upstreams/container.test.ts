import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerArguments, type ContainerOptions } from '../../../src/mcp/upstreams/container.ts'

const OPTIONS: ContainerOptions = {
  name: 'sallyport-1',
  image: 'node:24',
  mounts: [
    { source: '/srv/share', target: '/srv/share', isWritable: false },
    { source: '/data/a "b", c', target: '/home', isWritable: true },
  ],
  network: false,
  memory: 1024,
  tasks: 20,
  user: { uid: 1000, gid: 1001 },
  isRootless: false,
  home: '/home',
  cwd: '/srv/share',
  variables: ['TOKEN'],
  command: 'node',
  args: ['server.js', '--privileged'],
}

test('a container can do nothing, and has no network unless it is given one', () => {
  const text = containerArguments(OPTIONS).join(' ')
  for (const part of [
    'run --rm --interactive',
    '--network none',
    '--read-only',
    '--cap-drop ALL',
    '--security-opt no-new-privileges',
    '--memory 1024 --memory-swap 1024 --pids-limit 20',
    '--log-driver none',
    '--user 1000:1001',
  ])
    assert.ok(text.includes(part), part)
  assert.ok(!containerArguments({ ...OPTIONS, network: true }).includes('--network'))
})

test('what belongs to the command comes after the image', () => {
  assert.deepEqual(containerArguments(OPTIONS).slice(-4), ['node:24', 'node', 'server.js', '--privileged'])
})

test('variables are named, and what they hold is not said', () => {
  assert.match(containerArguments(OPTIONS).join(' '), /--env TOKEN node:24/)
})

test('a path is one field of a mount, whatever is in it', () => {
  const args = containerArguments(OPTIONS)
  assert.deepEqual(
    args.flatMap((argument, at) => (argument === '--mount' ? [args[at + 1]] : [])),
    [
      '"type=bind","source=/srv/share","target=/srv/share","readonly"',
      '"type=bind","source=/data/a ""b"", c","target=/home"',
    ],
  )
})

test('a rootless engine has the user that we are', () => {
  assert.match(containerArguments({ ...OPTIONS, isRootless: true }).join(' '), /--userns keep-id/)
})
