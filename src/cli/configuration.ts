import { loadConfig, type Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'

/**
 * The configuration of the installation in the working directory, for every command but those that begin one.
 *
 * Fails closed: without `sallyport.yaml` and `SALLYPORT_CONFIG` there is no installation here, and none is made up.
 *
 * @throws SallyportError `CONFIGURATION_INVALID`
 */
export function configuration(): Config {
  const config = loadConfig(process.env, process.cwd())
  if (config.file !== null) return config
  throw new SallyportError(
    'CONFIGURATION_INVALID',
    `there is no sallyport.yaml in ${config.directory}: go to the folder of your installation, or name its file in SALLYPORT_CONFIG; "npx sallyport init" begins a new one here`,
  )
}
