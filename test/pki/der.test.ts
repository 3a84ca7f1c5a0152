import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isSallyportError } from '../../src/errors.ts'
import { der, DER, derChildren, derInteger, derOid, derText, oidText, readDer } from '../../src/pki/der.ts'

const octets = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))

describe('DER', () => {
  it('reads what it writes, for every length', () => {
    fc.assert(
      fc.property(fc.array(octets, { maxLength: 5 }), (contents) => {
        const children = derChildren(
          readDer(der(DER.sequence, ...contents.map((inside) => der(0x04, inside)))),
        )
        assert.deepEqual(
          children.map(({ tag, content }) => [tag, content.toString('hex')]),
          contents.map((inside) => [0x04, inside.toString('hex')]),
        )
      }),
    )
    const long = Buffer.alloc(70_000, 1)
    assert.ok(readDer(der(DER.octetString, long)).content.equals(long))
  })

  it('has one encoding: what can be read is written the same again', () => {
    fc.assert(
      fc.property(octets, (bytes) => {
        try {
          const { tag, content } = readDer(bytes)
          assert.ok(der(tag, content).equals(bytes))
        } catch (error) {
          assert.ok(isSallyportError(error, 'CERTIFICATE_INVALID'), String(error))
        }
      }),
    )
  })

  const broken = ['', '30', '3001', '30800000', '308101ff', '30820001ff', '3000ff', '1f8001', '308400000000']
  for (const hex of broken)
    it(`refuses ${hex === '' ? 'nothing' : hex}`, () =>
      assert.throws(() => readDer(Buffer.from(hex, 'hex')), { code: 'CERTIFICATE_INVALID' }))

  it('refuses more than 1024 elements side by side', () => {
    const wide = (count: number): Buffer => der(DER.sequence, Buffer.alloc(count * 2, Buffer.of(5, 0)))
    assert.equal(derChildren(readDer(wide(1024))).length, 1024)
    assert.throws(() => derChildren(readDer(wide(1025))), { code: 'CERTIFICATE_INVALID' })
  })

  const identifiers = [
    '2.5.29.17',
    '1.2.840.113549.1.9.14',
    '0.39',
    '1.0',
    '2.999.3',
    '2.25.91684912260281503658017355',
  ]
  for (const dotted of identifiers)
    it(`writes and reads ${dotted}`, () => assert.equal(oidText(readDer(derOid(dotted))), dotted))

  it('says of no other element that it is an object identifier', () => {
    for (const hex of ['0500', '0600', '060180', '0641' + '01'.repeat(65)])
      assert.equal(oidText(readDer(Buffer.from(hex, 'hex'))), undefined)
  })

  it('writes whole numbers in their shortest form', () => {
    const cases: readonly (readonly [number, string])[] = [
      [0, '020100'],
      [127, '02017f'],
      [128, '02020080'],
      [600_000, '02030927c0'],
      [0x7fffffff, '02047fffffff'],
    ]
    for (const [value, hex] of cases) assert.equal(derInteger(value).toString('hex'), hex)
  })

  it('writes texts in UTF-8', () => assert.equal(derText('é').toString('hex'), '0c02c3a9'))
})
