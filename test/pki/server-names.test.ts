import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import { defaultServerNames, serverNames } from '../../src/pki/server-names.ts'

describe('the names of the server', () => {
  it('are localhost, both loopback addresses and the host name', () => {
    assert.deepEqual(defaultServerNames('Box-7.Example.internal'), [
      'localhost',
      '127.0.0.1',
      '::1',
      'box-7.example.internal',
    ])
  })

  for (const hostname of ['localhost', '', 'bad name', '-x', 'ü', `${'a'.repeat(64)}.example`])
    it(`leave out the host name ${JSON.stringify(hostname)}`, () =>
      assert.deepEqual(defaultServerNames(hostname), ['localhost', '127.0.0.1', '::1']))

  it('are told apart from addresses, in lower case, each once', () => {
    assert.deepEqual(serverNames(['MCP.example', 'mcp.example', '10.0.0.1', '::1', 'my_container']), [
      { type: 'dns', value: 'mcp.example' },
      { type: 'ip', value: '10.0.0.1' },
      { type: 'ip', value: '::1' },
      { type: 'dns', value: 'my_container' },
    ])
  })

  for (const name of [
    '*.example',
    '*',
    'a..b',
    '',
    'a b',
    'https://a',
    'a:443',
    'fe80::1%eth0',
    '.a',
    'a.',
    '256.0.0.1',
    '1.2.3',
    '::g',
    '1::2::3',
    '[::1]',
    '10',
  ])
    it(`refuse ${JSON.stringify(name)}`, () =>
      assert.throws(
        () => serverNames([name]),
        (error) => isSallyportError(error, 'NAME_INVALID'),
      ))
})
