import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testAuthority, type TestAuthority } from './certificates.ts'

/** A folder that `serve` starts in: the services `demo` (reader) and `admin-cli` (admin), and nothing beside. */
export interface Installation {
  readonly cwd: string
  readonly authority: TestAuthority
  remove(): Promise<void>
}

const ACCESS = `version: 1
rules: []
roles:
  reader: [ "notes:read", "time:read" ]
  admin: [ "*" ]
grants:
  - { service: demo, roles: [ reader ] }
  - { service: admin-cli, roles: [ admin ] }
`

/** What still runs there may write a file meanwhile. */
const GONE = { recursive: true, force: true, maxRetries: 10 } as const

/** Makes one in a directory of its own. */
export async function installation(): Promise<Installation> {
  const cwd = await mkdtemp(join(tmpdir(), 'sallyport-installation-'))
  const authority = await testAuthority(cwd)
  await writeFile(join(cwd, 'sallyport.yaml'), '# every setting is its default\n')
  await writeFile(join(cwd, 'access.yaml'), ACCESS)
  await mkdir(join(cwd, 'data'), { mode: 0o700 })
  for (const secret of ['session-secret', 'factor-key'])
    await writeFile(join(cwd, 'data', secret), secret.repeat(5), { mode: 0o600 })
  return { cwd, authority, remove: async () => await rm(cwd, GONE) }
}
