import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadConfig } from '../../src/config/config.ts'
import { trustFiles, trustPaths } from '../../src/config/trust-files.ts'
import { isSallyportError } from '../../src/errors.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const CORP = `- name: corp
      roots: trust/root.pem
      issuers: trust/issuing.pem
      revocationLists: trust/crl.pem
      trustDomains: [ corp.example ]
      principal: { from: uri }`

async function folder(t: TestContext, trust: string): Promise<string> {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'sallyport.yaml'), `trust:\n${trust}`)
  return directory
}

test('the files of every CA are known, ours first, from the folder of the file, each once', async (t) => {
  const directory = await folder(t, `  bundles:\n    ${CORP}\n`)
  const { trust } = loadConfig({}, directory)
  const at = (path: string) => join(directory, path)
  assert.deepEqual(trustFiles(trust), [
    {
      whose: '',
      roots: at('certs/ca/root.pem'),
      issuers: at('certs/ca/issuing.pem'),
      revocationLists: at('certs/ca/crl.pem'),
    },
    {
      whose: ' of "corp"',
      roots: at('trust/root.pem'),
      issuers: at('trust/issuing.pem'),
      revocationLists: at('trust/crl.pem'),
    },
  ])
  const alone = loadConfig(
    {},
    await folder(t, `  own: false\n  bundles:\n    ${CORP.replace('/root', '/issuing')}\n`),
  )
  assert.deepEqual(
    trustPaths(alone.trust).map((path) => path.slice(alone.directory.length + 1)),
    ['trust/issuing.pem', 'trust/crl.pem'],
  )
})

test('a bundle without revocation lists says so', async (t) => {
  const text = CORP.replace('revocationLists: trust/crl.pem', 'unsafeWithoutRevocationLists: true')
  const { trust } = loadConfig({}, await folder(t, `  bundles:\n    ${text}\n`))
  assert.equal(trustFiles(trust)[1]?.revocationLists, null)
})

const FAULTS: readonly (readonly [from: string, to: string, fault: RegExp])[] = [
  [
    '[ corp.example ]',
    '[ sallyport.internal ]',
    /trust\.bundles\[0\]\.trustDomains: "sallyport\.internal" is ours/,
  ],
  [
    '[ corp.example ]',
    '[ a.example, a.example ]',
    /trustDomains: "a\.example" is ours or belongs to another bundle/,
  ],
  ['[ corp.example ]', '[]', /trustDomains: must name at least one/],
  ['[ corp.example ]', '[ Corp.example ]', /trustDomains\[0\]: must be a trust domain/],
  ['from: uri', 'from: dns', /principal\.kind: must be service, agent or user/],
  ['from: uri', 'from: email, kind: robot', /principal\.kind: must be service, agent or user/],
  ['from: uri', 'from: subject, kind: user', /principal\.attribute: must be CN, UID or serialNumber/],
  ['from: uri', 'from: uri, attribute: CN', /principal\.attribute: unknown key/],
  ['from: uri', 'from: everything', /principal.*must be a map with from: uri, dns, email or subject/],
  ['from: uri', 'from: uri, match: "a b"', /principal\.match: must be letters, digits and signs/],
  ['principal: { from: uri }', 'principal: {}', /principal.*must be a map with from/],
  ['principal: { from: uri }', 'pins: []', /principal.*must be a map with from/],
  ['name: corp', `${CORP.slice(2)}\n    - name: corp`, /bundles\[1\]\.name: "corp" is the name of another/],
  [
    'name: corp',
    `${CORP.slice(2)}\n    - name: other`,
    /bundles\[1\]\.trustDomains: "corp\.example" is ours or belongs/,
  ],
  [
    '[ corp.example ]\n      principal: { from: uri }',
    '[ a.example, b.example ]\n      principal: { from: dns, kind: user }',
    /trustDomains: must be exactly one, since a name from "dns" does not say which/,
  ],
  ['name: corp', 'name: corp\n      pins: [ ABCD ]', /pins\[0\]: must be a SHA-256 digest/],
  ['name: corp', 'name: corp\n      unsafeWithoutRevocationLists: true', /is true beside revocationLists/],
  ['      revocationLists: trust/crl.pem\n', '', /has no revocationLists/],
  ['name: corp', 'nam: corp', /did you mean "name"/],
]

for (const [from, to, fault] of FAULTS)
  test(`"${to.replaceAll(/\s+/g, ' ').slice(0, 60)}" is told: ${fault.source}`, async (t) => {
    const directory = await folder(t, `  bundles:\n    ${CORP.replace(from, to)}\n`)
    assert.throws(
      () => loadConfig({}, directory),
      (error) => isSallyportError(error, 'CONFIGURATION_INVALID') && fault.test(error.message),
    )
  })

test('who believes nobody is told', async (t) => {
  const directory = await folder(t, '  own: false\n')
  assert.throws(() => loadConfig({}, directory), /trust.*believes no CA/)
})
