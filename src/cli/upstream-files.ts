import { readFileSync } from 'node:fs'
import type { Surface } from '../access/surface.ts'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import type { UpstreamsWanted } from '../mcp/upstreams/approved-pins.ts'
import type { Pins } from '../mcp/upstreams/definition.ts'
import { LARGEST_LOCK_FILE, parseLock } from '../mcp/upstreams/lock-file.ts'
import type { ProcessHost } from '../mcp/upstreams/process-host.ts'
import { withServers, type OwnCatalog } from './catalog-surface.ts'
import { followFiles, type FollowedFiles } from './followed-files.ts'
import { isolationFaults } from './isolation-faults.ts'
import type { FollowedFile } from './read-followed.ts'
import { assertUpstreamNames } from './upstream-names.ts'
import { upstreamOptions } from './upstream-options.ts'
import { upstreamsAnew, type UpstreamsAnew } from './upstreams-anew.ts'

/** What the configuration and the lock file say of upstreams, and what servers of this process have by now. */
export interface FollowedUpstreams {
  readonly wanted: () => UpstreamsWanted
  /** With what is pinned of them. */
  readonly surface: () => Surface
  /** Whether what an upstream lists for the first time is approved. */
  readonly pinsOnFirstUse: boolean
  /** Whether the configuration says something else that is not followed, so that a restart is needed. */
  readonly needsRestart: boolean
}

/** Bytes of a configuration. */
const LARGEST = 1_048_576

/**
 * The sections `upstreams` and `pins` of the configuration, and the lock file, kept up to date.
 *
 * @param started the configuration that the server runs by
 * @param read reads it again
 * @param host where processes are to be kept apart, or nothing is taken; `undefined` where none is to be started
 * @throws SallyportError `CONFIGURATION_INVALID` if they are not good to begin with
 */
export async function upstreamFiles(
  started: Config,
  own: OwnCatalog,
  read: () => Config,
  host: ProcessHost | undefined,
): Promise<FollowedFiles<FollowedUpstreams>> {
  const lock = started.pins.file
  const before = withoutUpstreams(started)
  const { catalog } = own.withUpstreams({ ...own.servers, misfits: [] })
  return followFiles<FollowedUpstreams>(
    {
      files: [...configurationFile(started), lockFile(lock)],
      async judge(text, inForce) {
        const config = inForce === undefined ? started : read()
        // Read once more: what has settled may be half written by now, and fewer lines may mean more rights.
        if (
          config.file !== null &&
          inForce !== undefined &&
          readFileSync(config.file, 'utf8') !== text(config.file)
        )
          return { problem: `the configuration ${config.file} keeps changing: see who writes it` }
        const { options, lacks }: UpstreamsAnew =
          inForce === undefined
            ? { options: upstreamOptions(config) }
            : upstreamsAnew(config, inForce.wanted().options)
        assertUpstreamNames(options, catalog)
        const faults = host === undefined ? [] : await isolationFaults(options, config, host)
        if (faults.length > 0) return { problem: faults.join('\n') }
        const pins = pinsIn(text(lock), lock)
        const wanted = (): UpstreamsWanted => withServers(own, { options, pins })
        const surface = (): Surface => own.withUpstreams(wanted()).surface
        surface()
        const pinsOnFirstUse = config.pins.firstUse === 'trust'
        const needsRestart = withoutUpstreams(config) !== before
        const value = { wanted, surface, pinsOnFirstUse, needsRestart }
        return lacks === undefined ? { value } : { value, lacks }
      },
      patience: 0,
    },
    (problem) => new SallyportError('CONFIGURATION_INVALID', problem),
  )
}

function configurationFile({ file }: Config): readonly FollowedFile[] {
  if (file === null) return []
  return [
    {
      path: file,
      what: 'the configuration',
      largest: LARGEST,
      secret: false,
      help: 'put it back, or restart',
    },
  ]
}

function lockFile(path: string): FollowedFile {
  return {
    path,
    what: 'the lock file',
    largest: LARGEST_LOCK_FILE,
    secret: false,
    isOptional: true,
    help: 'check its rights',
  }
}

function pinsIn(text: string, path: string): Pins {
  if (text === '') return { upstreams: new Map() }
  const { pins, faults } = parseLock(text, path)
  if (pins === undefined) throw new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
  return pins
}

/** Everything of a configuration that is only read at the start; upstreams are behind a function, and so not in it. */
function withoutUpstreams(config: Config): string {
  return JSON.stringify({ ...config, pins: config.pins.file })
}
