import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isSallyportError } from '../../src/errors.ts'
import { pemBlocks, pemOf } from '../../src/pki/pem.ts'

describe('PEM', () => {
  it('gives back every list of blocks that it wrote, with lines of at most 64 characters', () => {
    const block = fc.tuple(
      fc.constantFrom('X509 CRL', 'CERTIFICATE', 'PRIVATE KEY'),
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
    )
    fc.assert(
      fc.property(fc.array(block, { maxLength: 4 }), (blocks) => {
        const pem = blocks.map(([label, der]) => pemOf(label, der)).join('a comment\n')
        assert.deepEqual(
          pemBlocks(pem),
          blocks.map(([label, der]) => ({ label, der: Buffer.from(der) })),
        )
        assert.ok(pem.split('\n').every((line) => line.length <= 64))
      }),
    )
  })

  it('is refused when it is cut anywhere inside its last block', () => {
    const pem = pemOf('CERTIFICATE', Buffer.alloc(100, 7)) + pemOf('X509 CRL', Buffer.alloc(100, 9))
    const begin = pem.lastIndexOf('-----BEGIN')
    for (let end = begin + 10; end < pem.length - 1; end += 1)
      assert.throws(
        () => pemBlocks(pem.slice(0, end)),
        (error) => isSallyportError(error, 'CERTIFICATE_INVALID'),
      )
  })
})
