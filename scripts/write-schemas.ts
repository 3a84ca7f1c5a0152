import { writeFile } from 'node:fs/promises'
import * as z from 'zod'
import { accessFileSchema } from '../src/access/document-schema.ts'
import { settingsSchema } from '../src/config/settings.ts'

/** The JSON Schemas of the two files that people write, for editors: by file name in the project's root. */
export function publishedSchemas(): Readonly<Record<string, unknown>> {
  return {
    'sallyport.schema.json': z.toJSONSchema(settingsSchema, { io: 'input' }),
    'access.schema.json': z.toJSONSchema(accessFileSchema, { io: 'input' }),
  }
}

if (import.meta.main)
  for (const [file, schema] of Object.entries(publishedSchemas()))
    await writeFile(new URL(`../${file}`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`)
