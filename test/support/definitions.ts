import assert from 'node:assert/strict'
import fc from 'fast-check'
import { definitionOf } from '../../src/mcp/upstreams/definition-hash.ts'
import type { Definition, DefinitionKind, Pins } from '../../src/mcp/upstreams/definition.ts'

/** A definition as an upstream would list it. */
export function defined(kind: DefinitionKind, listed: Readonly<Record<string, unknown>>): Definition {
  const definition = definitionOf(kind, listed)
  assert.ok(definition)
  return definition
}

/** A tool with an empty schema. */
export function toolNamed(name: string, more: Readonly<Record<string, unknown>> = {}): Definition {
  return defined('tool', { name, inputSchema: { type: 'object' }, ...more })
}

/** Pins of upstreams by name. */
export function pinsOf(upstreams: Readonly<Record<string, readonly Definition[]>>): Pins {
  return { upstreams: new Map(Object.entries(upstreams)) }
}

/** Texts that files of any kind have trouble with. */
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        'a',
        ' ',
        '\n',
        '\t',
        '\r',
        ': ',
        '#',
        '- ',
        '"',
        "'",
        '\u200b',
        '\ufffd',
        '---',
        '|',
        '&a',
        '*a',
        '!t',
        '<<',
      ),
      {
        maxLength: 12,
      },
    )
    .map((pieces) => pieces.join('')),
  fc.constantFrom(
    'null',
    'true',
    '~',
    '12',
    '0x1f',
    '1e3',
    '.inf',
    '2020-01-01',
    '=',
    '<<',
    '...',
    'a\n\nb\n',
  ),
)
const keys = texts.filter((key) => key !== '__proto__')
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    texts,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(keys, tie('value'), { maxKeys: 3 }),
}))

const schema = json['object'].map((rest) => ({ ...(rest as object), type: 'object' }))
const described = { title: texts, description: texts }

/** Any tool, prompt, template or instructions, with whatever texts, keys and numbers. */
export const definitions: fc.Arbitrary<Definition> = fc.oneof(
  fc
    .record(
      { name: keys, inputSchema: schema, outputSchema: schema, annotations: json['object'], ...described },
      { requiredKeys: ['name', 'inputSchema'] },
    )
    .map((value) => defined('tool', value)),
  fc
    .record(
      { name: keys, arguments: fc.array(fc.record({ name: texts, required: fc.boolean() })), ...described },
      { requiredKeys: ['name'] },
    )
    .map((value) => defined('prompt', value)),
  fc
    .record(
      { name: keys, uriTemplate: texts, mimeType: texts, ...described },
      { requiredKeys: ['name', 'uriTemplate'] },
    )
    .map((value) => defined('template', value)),
  texts.map((text) => defined('instructions', { text })),
)

/** Any pins: of each kind one of each name. */
export const somePins: fc.Arbitrary<Pins> = fc
  .dictionary(
    fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/),
    fc.uniqueArray(definitions, { selector: ({ kind, name }) => `${kind} ${name}`, maxLength: 4 }),
    { maxKeys: 3 },
  )
  .map(pinsOf)
