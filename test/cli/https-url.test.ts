import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('ASVS 12.3.3: no command that speaks to a server speaks plain HTTP', async (t) => {
  let connections = 0
  const listener = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  t.after(() => listener.close())
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const url = `http://localhost:${(listener.address() as AddressInfo).port}`
  const cwd = await temporaryDirectory(t)
  const commands = [
    ['login', url, '--name', 'alice', '--password-stdin'],
    ['login', url, '--device'],
    ['logout', url],
    ['connect', url],
    ['enroll', url],
  ]
  const finished = await Promise.all(
    commands.map(async (args) => inProcess(args, { cwd, env: { HOME: cwd }, input: 'a secret' })),
  )
  for (const [at, { code, stderr }] of finished.entries()) {
    assert.notEqual(code, 0, commands[at]?.join(' '))
    assert.match(stderr, /is no URL of a server: write it as in https:/, commands[at]?.join(' '))
  }
  assert.equal(connections, 0)
})
