import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hostIsAllowed, isLocalHost, originIsAllowed, type AllowedNames } from '../../src/http/host.ts'

const allowed: AllowedNames = {
  hosts: new Set(['localhost', '127.0.0.1', '[::1]', 'door.example']),
  origins: new Set(['https://app.example']),
}

test('our names are ours, in any case and at any port', () => {
  for (const host of [
    'localhost',
    'LOCALHOST',
    'localhost:8443',
    '127.0.0.1:1',
    '[::1]',
    '[::1]:65535',
    'Door.Example:0',
  ])
    assert.ok(hostIsAllowed(host, allowed), host)
})

test('every other name, and what is none, is not', () => {
  const others = [
    undefined,
    '',
    ':8443',
    'evil.example',
    'localhost.evil.example',
    'evil.example/localhost',
    'localhost@evil.example',
    'localhost:80@evil.example',
    'localhost, evil.example',
    'localhost localhost',
    ' localhost',
    'localhost ',
    'localhost\n',
    'localhost.',
    'localhost:',
    'localhost:8443:8443',
    'localhost:65536',
    'localhost:99999',
    'localhost:-1',
    'localhost:1e3',
    '::1',
    '[::1',
    '[::1]x',
    '127.0.0.1.evil.example',
    '127.1',
    'lоcalhost',
    '__proto__',
  ]
  for (const host of others) assert.equal(hostIsAllowed(host, allowed), false, JSON.stringify(host))
})

test('a host that is allowed makes a URL of that very host', () => {
  const port = fc.oneof(fc.constant(''), fc.string(), fc.integer({ min: 0, max: 100_000 }).map(String))
  fc.assert(
    fc.property(fc.constantFrom(...allowed.hosts, 'evil.example'), port, (name, text) => {
      const host = text === '' ? name : `${name}:${text}`
      if (hostIsAllowed(host, allowed)) assert.equal(new URL(`https://${host}/mcp`).hostname, name)
    }),
  )
})

test('no origin is no browser; our own pages and configured ones are served', () => {
  assert.ok(originIsAllowed(undefined, 'localhost:8444', allowed))
  assert.ok(originIsAllowed('https://localhost:8444', 'localhost:8444', allowed))
  assert.ok(originIsAllowed('https://localhost:8444', 'LocalHost:8444', allowed))
  assert.ok(originIsAllowed('https://app.example', 'localhost:8444', allowed))
})

test('every other origin is not, however near it comes', () => {
  const origins = [
    '',
    'null',
    'http://localhost:8444',
    'https://localhost',
    'https://localhost:8443',
    'https://localhost:84440',
    'https://localhost:8444.evil.example',
    'https://localhost:8444/',
    'https://localhost:8444, https://localhost:8444',
    'https://evil.localhost:8444',
    'https://app.example:443',
    'https://app.example.evil.example',
    'HTTPS://APP.EXAMPLE',
  ]
  for (const origin of origins)
    assert.equal(originIsAllowed(origin, 'localhost:8444', allowed), false, origin)
  assert.equal(originIsAllowed('https://undefined', undefined, allowed), false)
})

test('this machine’s own names are local, whatever the port, and nothing made of them is', () => {
  for (const host of [
    'localhost',
    'LOCALHOST:8443',
    '127.0.0.1',
    '127.1.2.3:8443',
    '[::1]',
    '[::1]:8443',
    undefined,
  ])
    assert.equal(isLocalHost(host), true, host)
  for (const host of ['localhost.example', 'mcp.example', '10.0.0.1', 'notlocalhost', '[::2]'])
    assert.equal(isLocalHost(host), false, host)
})
