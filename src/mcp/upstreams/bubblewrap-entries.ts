import { lstat, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isWithin, realPathOf } from './process-own.ts'
import type { SandboxEntry } from './bubblewrap.ts'

/** Folders of programs and libraries. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']

/** What programs need of `/etc`; no keys, no passwords, and nothing that is only there on this machine. */
const CONFIGURATION = [
  'alternatives',
  'ca-certificates',
  'gai.conf',
  'group',
  'host.conf',
  'hosts',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'passwd',
  'pki/ca-trust/extracted',
  'pki/tls/certs',
  'pki/tls/openssl.cnf',
  'protocols',
  'resolv.conf',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
  'timezone',
].map((name) => `/etc/${name}`)

/** What every sandbox sees: as much as is there of the system's programs, and of those that came with our Node. */
export async function systemEntries(node: string): Promise<readonly SandboxEntry[]> {
  const system = await entriesOf([...SYSTEM, ...CONFIGURATION])
  const ofNode = await entriesOf(nodeFolders(node))
  return [...system, ...ofNode.filter(({ target }) => !isSeen(target, system))]
}

/** `node` and `npx`, and what was installed globally with that npm. */
function nodeFolders(node: string): readonly string[] {
  const folder = dirname(node)
  return basename(folder) === 'bin' ? [folder, join(dirname(folder), 'lib/node_modules')] : [node]
}

async function entriesOf(paths: readonly string[]): Promise<readonly SandboxEntry[]> {
  return (await Promise.all(paths.map(entryOf))).filter((entry) => entry !== undefined)
}

async function entryOf(path: string): Promise<SandboxEntry | undefined> {
  try {
    const isLinkedFolder = SYSTEM.includes(path) && (await lstat(path)).isSymbolicLink()
    if (isLinkedFolder) return { kind: 'link', text: await readlink(path), target: path }
    return { kind: 'bind', source: await realpath(path), target: path, isWritable: false }
  } catch {
    return undefined
  }
}

/** What the configuration lists, seen by the path that it has there. */
export async function listedEntry(path: string, isWritable: boolean): Promise<SandboxEntry> {
  return { kind: 'bind', source: await realPathOf(path), target: path, isWritable }
}

/** Whether a path of the machine is the same in the sandbox, as far as its name says. */
export function isSeen(path: string, entries: readonly SandboxEntry[]): boolean {
  return entries.some(({ target }) => isWithin(path, target))
}

/** Whether what this path leads to is seen in the sandbox, by this path. */
export async function isReachable(path: string, entries: readonly SandboxEntry[]): Promise<boolean> {
  const real = await realPathOf(path)
  const sources = entries.flatMap((entry) => (entry.kind === 'bind' ? [entry.source] : []))
  return isSeen(path, entries) && sources.some((source) => isWithin(real, source))
}
