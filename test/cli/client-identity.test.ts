import assert from 'node:assert/strict'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { findIdentity, type Identity } from '../../src/cli/client-identity.ts'
import { isSallyportError, type SallyportErrorCode } from '../../src/errors.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.now()
const DAY = 86_400_000

interface Place {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly ca: TestAuthority
  /** Puts the identity of a client into the folder of the user. */
  own(name: string): Promise<string>
}

async function place(t: TestContext): Promise<Place> {
  const directory = await temporaryDirectory(t)
  const ca = await testAuthority(directory)
  const env = { XDG_CONFIG_HOME: join(directory, 'config') }
  return {
    cwd: directory,
    env,
    ca,
    async own(name) {
      const { directory: from } = await ca.writeClient(name)
      const to = join(env.XDG_CONFIG_HOME, 'sallyport', 'clients', name)
      await cp(from, to, { recursive: true })
      await rm(from, { recursive: true })
      await writeFile(join(to, 'root.pem'), ca.rootPem)
      return to
    },
  }
}

async function refused(work: Promise<Identity>, code: SallyportErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => isSallyportError(error, code) && message.test(error.message))
}

test('in an installation a name is one of certs/clients, and the root is the CA’s', async (t) => {
  const { cwd, env, ca } = await place(t)
  await writeFile(join(cwd, 'sallyport.yaml'), '{}\n')
  const { directory, certificate, key } = await ca.writeClient('demo')
  const found = await findIdentity({ as: 'demo', now: NOW, cwd, env })
  assert.equal(found.directory, directory)
  assert.equal(found.name, 'demo')
  assert.equal(found.certificate, await readFile(certificate, 'utf8'))
  assert.equal(found.key, await readFile(key, 'utf8'))
  assert.equal(found.root, ca.rootPem)
  assert.ok(found.notBefore < NOW && NOW < found.notAfter)
})

test('elsewhere it is one of this user’s, with a root of its own', async (t) => {
  const { cwd, env, own, ca } = await place(t)
  const directory = await own('demo')
  const found = await findIdentity({ as: 'demo', now: NOW, cwd, env })
  assert.equal(found.directory, directory)
  assert.equal(found.root, ca.rootPem)
})

test('in an installation that does not know the name it is this user’s', async (t) => {
  const { cwd, env, own } = await place(t)
  await writeFile(join(cwd, 'sallyport.yaml'), '{}\n')
  const directory = await own('laptop')
  assert.equal((await findIdentity({ as: 'laptop', now: NOW, cwd, env })).directory, directory)
})

test('a folder can be named, and is the only one that is looked at', async (t) => {
  const { cwd, env, own } = await place(t)
  const directory = await own('demo')
  const found = await findIdentity({ as: 'other', dir: 'config/sallyport/clients/demo', now: NOW, cwd, env })
  assert.equal(found.directory, directory)
  assert.equal(found.name, 'demo')
  await refused(
    findIdentity({ dir: 'nowhere', now: NOW, cwd, env }),
    'NOT_FOUND',
    /nowhere.*sallyport enroll/,
  )
})

test('a name that cannot be one is refused before it becomes a path', async (t) => {
  const { cwd, env } = await place(t)
  for (const as of ['../demo', 'a/b', '', 'Demo', '.', 'demo\0'])
    await refused(findIdentity({ as, now: NOW, cwd, env }), 'NAME_INVALID', /the name/)
})

test('one that has expired, or is not valid yet, is refused with what to do', async (t) => {
  const { cwd, env, own } = await place(t)
  await own('demo')
  const at = (now: number) => findIdentity({ as: 'demo', now, cwd, env })
  await refused(at(NOW + 2 * DAY), 'REFUSED', /expired at .*new enrolment token.*enroll URL --replace/)
  await refused(at(NOW - DAY), 'CERTIFICATE_INVALID', /valid from .*check the clock/)
})

test('without a root to trust it is of no use', async (t) => {
  const { cwd, env, own } = await place(t)
  const directory = await own('demo')
  await rm(join(directory, 'root.pem'))
  await refused(findIdentity({ as: 'demo', now: NOW, cwd, env }), 'NOT_FOUND', /root\.pem/)
})
