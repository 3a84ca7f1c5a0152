import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { changesOf, watchedByCapabilities, watchedBySubscription } from '../../src/cli/bridge-changes.ts'
import { clientSide } from '../../src/cli/bridge-client.ts'
import { linkTo } from '../../src/cli/bridge-link.ts'
import { oneLine, readMessages, type Carried } from '../../src/wire/message.ts'
import { connectionFault } from '../../src/cli/connection-fault.ts'

function carried(text: string): Carried {
  const read = readMessages(text)
  assert.equal(read.kind, 'carried')
  return read
}

describe('a message', () => {
  test('is on one line afterwards, and says the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => {
        const line = oneLine(JSON.stringify(value, null, indent).replaceAll('\n', '\r\n'))
        assert.doesNotMatch(line, /[\r\n]/)
        assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('is told from what is none', () => {
    const kinds = (text: string) => {
      const read = readMessages(text)
      return read.kind === 'carried' ? read.messages.map(({ kind }) => kind) : read
    }
    assert.deepEqual(kinds('{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}'), ['request'])
    assert.deepEqual(kinds('{"jsonrpc":"2.0","method":"a"}'), ['notification'])
    assert.deepEqual(
      kinds('[{"jsonrpc":"2.0","id":null,"error":{}},{"jsonrpc":"2.0","id":"x","result":1}]'),
      ['response', 'response'],
    )
    assert.deepEqual(kinds('[]'), { kind: 'invalid', id: null })
    assert.deepEqual(kinds('{"jsonrpc":"1.0","id":7,"method":"a"}'), { kind: 'invalid', id: 7 })
    assert.deepEqual(kinds('{"jsonrpc":"2.0","id":{},"method":"a"}'), { kind: 'invalid', id: null })
    assert.deepEqual(kinds('[{"jsonrpc":"2.0","method":"a"},1]'), { kind: 'invalid', id: null })
    assert.deepEqual(kinds('{'), { kind: 'not_json' })
  })
})

describe('what a client is owed', () => {
  const request = { id: 1, method: 'tools/call', isModern: true }

  test('is one answer: a second one, one after a cancellation and one to nothing are dropped', async () => {
    const lines: string[] = []
    const output = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString())
        done()
      },
    })
    const client = clientSide(output)
    const first = client.owe(request)
    await client.give(carried('{"jsonrpc":"2.0","id":1,"result":1}'))
    await client.give(carried('{"jsonrpc":"2.0","id":1,"result":2}'))
    await client.fail(first, 'too late')
    client.forget(client.owe({ ...request, id: 'a' }))
    await client.give(carried('{"jsonrpc":"2.0","id":"a","result":3}'))
    await client.give(carried('{"jsonrpc":"2.0","id":null,"error":{}}'))
    await client.give(carried('{"jsonrpc":"2.0","method":"n"}'))
    assert.deepEqual(lines, ['{"jsonrpc":"2.0","id":1,"result":1}\n', '{"jsonrpc":"2.0","method":"n"}\n'])
  })

  test('waits while the client does not read', async () => {
    let read: () => void = () => undefined
    const output = new Writable({
      highWaterMark: 1,
      write(_chunk, _encoding, done) {
        read = done
      },
    })
    const client = clientSide(output)
    const order: string[] = []
    const given = client.give(carried('{"jsonrpc":"2.0","method":"n"}')).then(() => order.push('given'))
    order.push('read')
    read()
    await given
    assert.deepEqual(order, ['read', 'given'])
  })
})

describe('a server that is tried', () => {
  const { signal } = new AbortController()

  test('is tried by one for all, and said to be gone and back once each', async () => {
    const told: string[] = []
    const answers = [undefined, 'gone', 'gone', undefined]
    let tries = 0
    const link = linkTo({
      greeting: 'hello',
      tell: (line) => told.push(line),
      signal,
      async probe() {
        tries += 1
        return answers.shift()
      },
    })
    assert.equal(await link.reachable(1000, signal), true)
    link.lost()
    link.lost()
    const waiting = await Promise.all([link.reachable(5000, signal), link.reachable(Infinity, signal)])
    assert.deepEqual(waiting, [true, true])
    assert.equal(tries, 4)
    assert.deepEqual(told, ['hello', 'gone; trying again', 'the server answers again'])
  })

  test('is not waited for any longer than asked, nor by who has left', async () => {
    const ended = new AbortController()
    const link = linkTo({
      greeting: '',
      tell: () => undefined,
      signal: ended.signal,
      probe: async () => 'gone',
    })
    assert.equal(await link.reachable(1, signal), false)
    const left = new AbortController()
    const waits = link.reachable(Infinity, left.signal)
    left.abort()
    assert.equal(await waits, false)
    assert.equal(link.problem(), 'gone')
    ended.abort()
    assert.equal(await link.reachable(Infinity, signal), false)
  })
})

test('after an interruption, everything that was promised may have changed', () => {
  const capabilities = {
    tools: { listChanged: true },
    prompts: {},
    resources: { listChanged: true },
    logging: {},
  }
  assert.deepEqual(watchedByCapabilities({ capabilities }), ['tools', 'resources'])
  assert.deepEqual(watchedByCapabilities(undefined), [])
  const watched = watchedBySubscription({ promptsListChanged: true, resourceSubscriptions: ['note://a', 1] })
  assert.deepEqual(
    changesOf(watched, { s: 1 }).map((text) => JSON.parse(text) as unknown),
    [
      { jsonrpc: '2.0', method: 'notifications/prompts/list_changed', params: { _meta: { s: 1 } } },
      {
        jsonrpc: '2.0',
        method: 'notifications/resources/updated',
        params: { _meta: { s: 1 }, uri: 'note://a' },
      },
    ],
  )
})

test('what a connection says is found behind other errors, and a cut is told from a refused certificate', () => {
  const error = (code: string): Error => Object.assign(new Error(code), { code })
  const behind = new Error('fetch failed', { cause: new Error('again', { cause: error('ECONNREFUSED') }) })
  assert.equal(connectionFault(behind), 'nobody_listens')
  assert.equal(connectionFault(error('ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED')), 'certificate_refused')
  assert.equal(connectionFault(error('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')), 'certificate_refused')
  assert.equal(connectionFault(error('ERR_SSL_WRONG_VERSION_NUMBER')), 'closed')
  assert.equal(connectionFault(error('UND_ERR_SOCKET')), 'closed')
  assert.equal(connectionFault(error('ERR_TLS_CERT_ALTNAME_INVALID')), 'other_name')
  assert.equal(connectionFault(new Error('?')), undefined)
  const circle = new Error('circle')
  circle.cause = circle
  assert.equal(connectionFault(circle), undefined)
})
