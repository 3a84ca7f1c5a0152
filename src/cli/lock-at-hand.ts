import { userInfo } from 'node:os'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import { ask } from './ask.ts'
import { ownCatalog } from './catalog-surface.ts'
import { configuration } from './configuration.ts'
import { confirm } from './confirm.ts'
import type { LockParts } from './lock-parts.ts'
import { secretsIn, type SecretFiles } from './secret-files.ts'
import { openAudit } from './open-audit.ts'
import { upstreamConnect } from './upstream-connect.ts'
import { upstreamHost } from './upstream-host.ts'
import { upstreamNameFaults } from './upstream-names.ts'
import { eachUpstreamOptions, faulty, unreachableUpstreams } from './upstream-options.ts'

/**
 * What the commands about the lock file work on: the installation in the working directory.
 *
 * @param names the upstreams that matter, if not all do: what is missing for another one matters not at all then
 * @param secretFiles where the secrets are that upstreams want of each user, if nobody is there to type them
 * @param optionsOf what is taken of the configuration: `unreachableUpstreams` where no upstream is asked
 * @throws SallyportError `CONFIGURATION_INVALID`, `CATALOG_INVALID`; `NOT_FOUND`, `REFUSED` for a file of a secret
 */
export async function lockParts(
  names: readonly string[],
  secretFiles: SecretFiles = new Map(),
  optionsOf: typeof eachUpstreamOptions = eachUpstreamOptions,
): Promise<LockParts> {
  const config = configuration()
  const secrets = await secretsIn(secretFiles)
  return {
    file: config.pins.file,
    options: await fitting(config, optionsOfChosen(config, names, optionsOf)),
    ports: {
      connect: upstreamConnect(upstreamHost(config)),
      secret: async (upstream, name) =>
        secrets.get(`${upstream}/${name}`) ?? ask(`Secret "${name}" for ${upstream}:`),
    },
    async record(events) {
      try {
        const audit = await openAudit(config)
        try {
          for (const event of events) await audit.record(event)
        } finally {
          await audit.close()
        }
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause)
        const message = `the audit trail ${config.audit} cannot be written, so nothing was approved: ${why}`
        throw new SallyportError('AUDIT_UNAVAILABLE', message, { cause })
      }
    },
    confirm,
    user: userInfo().username,
  }
}

function optionsOfChosen(
  config: Config,
  names: readonly string[],
  optionsOf: typeof eachUpstreamOptions,
): readonly UpstreamOptions[] {
  if (names.length === 0) return optionsOf(config)
  const chosen = config.upstreams().filter(({ name }) => names.includes(name))
  // A name that none has is told with all those there are, whatever is missing for them.
  if (chosen.length < new Set(names).size) return unreachableUpstreams(config)
  return optionsOf({ ...config, upstreams: () => chosen })
}

/** With why of those that the server would refuse for their names: nothing of them is to be approved. */
async function fitting(
  config: Config,
  options: readonly UpstreamOptions[],
): Promise<readonly UpstreamOptions[]> {
  const own = await ownCatalog(config)
  const { catalog } = own.withUpstreams({ ...own.servers, misfits: [] })
  const faults = upstreamNameFaults(options, catalog)
  return options.map((one) => {
    const found = faults.find(({ upstream }) => upstream === one.name)
    return found === undefined ? one : faulty(one, new SallyportError('CONFIGURATION_INVALID', found.fault))
  })
}

/** Path of the lock file of the installation in the working directory. */
export function lockFilePath(): string {
  return configuration().pins.file
}
