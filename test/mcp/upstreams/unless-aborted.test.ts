import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unlessAborted } from '../../../src/mcp/upstreams/unless-aborted.ts'

test('who goes away gets something else, and what comes later is for nobody', async () => {
  const abort = new AbortController()
  const { promise, reject } = Promise.withResolvers<string>()
  const waiting = unlessAborted(promise, abort.signal, () => 'gone')
  abort.abort()
  assert.equal(await waiting, 'gone')
  reject(new Error('nobody hears of it'))
  assert.equal(await unlessAborted(new Promise<string>(() => undefined), abort.signal, () => 'gone'), 'gone')
})

test('who stays gets what comes, and leaves nothing behind: it is never both', async () => {
  const abort = new AbortController()
  const { promise, resolve } = Promise.withResolvers<string>()
  const waiting = unlessAborted(promise, abort.signal, () => assert.fail('it was there first'))
  resolve('done')
  abort.abort()
  assert.equal(await waiting, 'done')
  const failing = unlessAborted(Promise.reject(new Error('no')), new AbortController().signal, () => 1)
  await assert.rejects(failing, /^Error: no$/)
})
