import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { readForwardedClientCert } from '../../src/http/forwarded-client-cert.ts'
import { headerText } from '../support/header-text.ts'

const DER = Buffer.from('this stands for the bytes of a certificate, which are longer than one line of PEM')
const HASH = hash('sha256', DER)

function pemOf(der: Buffer, lineEnd = '\n'): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join(lineEnd)
}

/** As Envoy escapes it: what is not needed is left as it is. */
function certOf(der: Buffer, lineEnd?: string): string {
  return `Cert="${encodeURIComponent(pemOf(der, lineEnd))}"`
}

const CERT = certOf(DER)

const readable: [string, string][] = [
  ['Cert alone, as nginx can write it', CERT],
  ['Cert in lower case', CERT.replace('Cert', 'cert')],
  ['Cert with the line ends of other systems', certOf(DER, '\r\n')],
  ['Cert without a last line end', CERT.replace('%0A"', '"')],
  ['Cert as Envoy writes it, beside its Hash', `Hash=${HASH};${CERT}`],
  [
    'all that Envoy can be told to say',
    `By=spiffe://x.example/edge;By=https://edge;Hash=${HASH};${CERT};Chain="${encodeURIComponent(pemOf(DER))}";` +
      `Subject="CN=a\\"b\\\\,O=c\\;d";URI=spiffe://x.example/a;URI=https://b;DNS=a.example;DNS=b.example`,
  ],
  ['Hash in upper case', `Hash=${HASH.toUpperCase()};${CERT}`],
  ['an empty Subject', `Hash=${HASH};${CERT};Subject=""`],
]
for (const [what, value] of readable)
  test(`${what} is read`, () => {
    assert.deepEqual(readForwardedClientCert(value), DER)
  })

const OTHER = certOf(Buffer.from('the certificate of somebody else'))
const unreadable: [string, string][] = [
  ['the empty text', ''],
  ['Hash alone', `Hash=${HASH}`],
  ['Hash, Subject and URI', `Hash=${HASH};Subject="CN=a";URI=spiffe://x.example/service/a`],
  ['two elements', `${CERT},${CERT}`],
  ['two elements with a space', `Hash=${HASH};${CERT}, Hash=${HASH};${CERT}`],
  ['an element and an empty one', `${CERT},`],
  ['two Certs', `Hash=${HASH};${CERT};${OTHER}`],
  ['two Hashes', `Hash=${HASH};Hash=${HASH};${CERT}`],
  ['a Hash of another certificate', `Hash=${hash('sha256', 'other')};${CERT}`],
  ['a URI of the client that brings a Cert with it', `URI=a;${OTHER};DNS=b`],
  ['a URI of the client that brings a Cert with it, beside the Hash', `Hash=${HASH};URI=a;${OTHER}`],
  ['a URI of the client that brings a Cert and its Hash', `URI=a;${OTHER};Hash=${HASH}`],
  ['a Subject of the client that ends its quotes', `Hash=${HASH};Subject="CN=a";${OTHER};X="`],
  ['Cert without quotes', CERT.replaceAll('"', '')],
  ['Cert with a quote that does not end', CERT.slice(0, -1)],
  ['Cert with a space after it', `${CERT} `],
  ['Cert with an empty field after it', `${CERT};`],
  ['Cert before an unknown field', `${CERT};Extra=1`],
  ['an empty Cert, which a proxy writes that has seen none', 'Cert=""'],
  ['Cert as plain PEM', `Cert="${pemOf(DER).replaceAll('\n', ' ')}"`],
  ['Cert of two certificates', `Cert="${encodeURIComponent(pemOf(DER) + pemOf(DER))}"`],
  ['Cert with text before it', `Cert="${encodeURIComponent(`subject: a\n${pemOf(DER)}`)}"`],
  ['Cert of another kind of PEM', CERT.replaceAll('CERTIFICATE', 'PUBLIC%20KEY')],
  ['Cert with an escape that is none', CERT.replace('%0A', '%0')],
  ['Cert with an escaped quote', CERT.replace('%0A', '\\"')],
  ['Cert with a plus for a space', CERT.replaceAll('%20', '+')],
  ['a key without a value', `Hash;${CERT}`],
  ['nothing but commas', ',,,'],
]
for (const [what, value] of unreadable)
  test(`${what} is not read`, () => {
    assert.equal(readForwardedClientCert(value), undefined)
  })

test('nothing makes it throw, and what is read is in the text as it was encoded', () => {
  const parts = [CERT, OTHER, `Hash=${HASH}`, 'URI=', 'Subject="', '"', ';', ',', '\\', 'By=', '=']
  const mixed = fc.array(fc.oneof(fc.constantFrom(...parts), headerText('=')), { maxLength: 8 })
  fc.assert(
    fc.property(
      mixed.map((some) => some.join('')),
      (value) => {
        const bytes = readForwardedClientCert(value)
        if (bytes === undefined) return
        assert.ok([CERT, OTHER].some((cert) => value.includes(cert) && certOf(bytes) === cert))
        assert.equal(value.match(/cert=/gi)?.length, 1)
      },
    ),
    { numRuns: 2000 },
  )
})

test('a text of a client that is not quoted never changes whose certificate is read', () => {
  const injected = fc.array(
    fc.oneof(fc.constantFrom(OTHER, `Hash=${HASH}`, ';', ',', '"', 'Cert='), headerText(';=')),
  )
  fc.assert(
    fc.property(injected, (some) => {
      const text = some.join('')
      for (const value of [`Hash=${HASH};${CERT};URI=${text}`, `Hash=${HASH};URI=${text}`]) {
        const bytes = readForwardedClientCert(value)
        if (bytes !== undefined) assert.deepEqual(bytes, DER)
      }
    }),
    { numRuns: 2000 },
  )
})
