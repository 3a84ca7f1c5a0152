import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { publishedSchemas } from '../../scripts/write-schemas.ts'

for (const [file, schema] of Object.entries(publishedSchemas()))
  test(`${file} is what the program checks; if not, run "node scripts/write-schemas.ts"`, async () => {
    const published: unknown = JSON.parse(await readFile(new URL(`../../${file}`, import.meta.url), 'utf8'))
    assert.deepEqual(published, schema)
  })
