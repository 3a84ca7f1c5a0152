import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { identityFiles, storePair } from '../../src/cli/identity-files.ts'

/** `node store-pairs.ts FOLDER ONE.json OTHER.json`: stores one pair and the other in turn, until it is killed. */
const [directory = '', ...paths] = process.argv.slice(2)
const pairs = await Promise.all(
  paths.map(async (path) => JSON.parse(await readFile(path, 'utf8')) as { certificate: string; key: string }),
)
process.stdout.write('ready\n')
for (;;) for (const pair of pairs) await storePair(identityFiles(join(directory)), pair)
