import { isSallyportError } from '../errors.ts'
import { installationFaults } from '../config/check-installation.ts'
import { findingsOf, type Check, type Finding, type Ground } from './doctor-finding.ts'
import { endings, stopFollowing } from './hot-reload.ts'
import { ownCatalog } from './catalog-surface.ts'
import { openFollowed } from './serve-parts.ts'

/** Whether everything is there that `serve` needs, is valid, and stays so for a while: what it looks at itself. */
export const installation: Check = {
  name: 'installation',
  async run(ground) {
    const faults = installationFaults(ground.config, process.versions.node, ground.now())
    if (faults.length > 0) return faults.map((fault) => sentence('problem', fault))
    return [...secrets(ground), ...(await files(ground))]
  },
}

const { ok, sentence } = findingsOf(installation.name)

async function files({ config, now }: Ground): Promise<readonly Finding[]> {
  try {
    const followed = await openFollowed(config, await ownCatalog(config), {
      now,
      read: () => config,
      host: undefined,
    })
    stopFollowing(followed)
    return [
      ok(`Node ${process.versions.node}`),
      ok(`the access policy ${config.access}`),
      ok(
        `the server certificate ${config.tls.certificate}, the CAs that are trusted and their revocation lists`,
      ),
      ...endings(followed, now()).map(({ message }) => sentence('warning', message)),
    ]
  } catch (error) {
    return sentences(error)
  }
}

function secrets({ config }: Ground): readonly Finding[] {
  try {
    const [sessions, factors] = [config.sessionSecrets(), config.factorKeys()]
    return [ok(`${sessions.length} session secret(s) and ${factors.length} factor key(s), long enough`)]
  } catch (error) {
    return sentences(error)
  }
}

function sentences(error: unknown): readonly Finding[] {
  if (!isSallyportError(error)) throw error
  return error.message.split('\n').map((line) => sentence('problem', line))
}
