import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bubblewrapArguments, type BubblewrapOptions } from '../../../src/mcp/upstreams/bubblewrap.ts'

const OPTIONS: BubblewrapOptions = {
  entries: [
    { kind: 'bind', source: '/srv/share/out', target: '/srv/share/out', isWritable: true },
    { kind: 'link', text: 'usr/bin', target: '/bin' },
    { kind: 'bind', source: '/mnt/share', target: '/srv/share', isWritable: false },
  ],
  network: false,
  temporary: 1024,
  cwd: '/srv/share',
  environment: { TOKEN: 'x y' },
}

test('a sandbox has no network unless it is given one', () => {
  assert.ok(!bubblewrapArguments(OPTIONS).includes('--share-net'))
  assert.ok(bubblewrapArguments({ ...OPTIONS, network: true }).includes('--share-net'))
})

test('what lies in another entry is put there after it', () => {
  assert.match(
    bubblewrapArguments(OPTIONS).join(' '),
    /--symlink usr\/bin \/bin --ro-bind \/mnt\/share \/srv\/share --bind \/srv\/share\/out \/srv\/share\/out --remount-ro \//,
  )
})

test('what is memory has a size, or is read-only', () => {
  const text = bubblewrapArguments(OPTIONS).join(' ')
  assert.equal(text.match(/--tmpfs/g)?.length, text.match(/--size 1024 --tmpfs/g)?.length)
  for (const path of ['/proc', '/dev', '/']) assert.ok(text.includes(`--remount-ro ${path} `), path)
})

test('the environment is what it is given, and nothing of ours', () => {
  assert.deepEqual(bubblewrapArguments(OPTIONS).slice(-4), ['--clearenv', '--setenv', 'TOKEN', 'x y'])
})
