import { dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'

/** Where this program is installed. */
const PROGRAM = join(import.meta.dirname, '../..')

/**
 * Files and folders that our process runs code from: our own program, the modules that the configuration names, and all
 * folders of packages that these could be given. Any upstream may read them; one that could write there would be us.
 */
export function codePaths({ tools }: Pick<Config, 'tools'>): readonly string[] {
  const modules = tools.map((path) => dirname(path))
  const program = ['src', 'dist', 'package.json'].map((name) => join(PROGRAM, name))
  return [...new Set([...program, ...modules, ...[PROGRAM, ...modules].flatMap(packageFolders)])]
}

/** Where Node looks for packages, from a folder upwards. */
function packageFolders(folder: string): readonly string[] {
  const above = dirname(folder)
  return [join(folder, 'node_modules'), ...(above === folder ? [] : packageFolders(above))]
}
