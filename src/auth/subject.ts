import { DER, derElements, oidOf, type DerElement } from './der.ts'

/** An attribute of a subject that can name somebody, by its short name. */
export type SubjectAttribute = 'CN' | 'UID' | 'serialNumber'

/** RFC 5280, appendix A.1; RFC 4519, 2.39. */
const OIDS: Readonly<Record<SubjectAttribute | 'emailAddress', string>> = {
  CN: '2.5.4.3',
  UID: '0.9.2342.19200300.100.1.1',
  serialNumber: '2.5.4.5',
  emailAddress: '1.2.840.113549.1.9.1',
}

/** Texts of which every octet is a character, as far as they are ASCII. */
const TEXTS: ReadonlySet<number> = new Set([DER.utf8String, DER.printableString, DER.ia5String])
const MOST_ATTRIBUTES = 32

/**
 * Every value that a subject has for an attribute, in order; one octet is one character. Fails closed: one that is no
 * plain text is there all the same, as an empty one; of a subject that cannot be read there is none.
 *
 * @param subject what is inside of the DER of a name (RFC 5280, 4.1.2.4)
 */
export function subjectValues(
  subject: Buffer,
  attribute: SubjectAttribute | 'emailAddress',
): readonly string[] {
  const parts = nameParts(subject)?.flat() ?? []
  return parts
    .filter(({ oid }) => oid === OIDS[attribute])
    .map(({ value }) => (TEXTS.has(value.tag) ? value.content.toString('latin1') : ''))
}

/**
 * A name as texts that are compared, one for each of its parts: the type of string, upper and lower case and how many
 * spaces make no difference (RFC 5280, 7.1). `undefined` if it cannot be read.
 *
 * @param name what is inside of the DER of a name
 */
export function canonicalName(name: Buffer): readonly string[] | undefined {
  return nameParts(name)?.map((parts) =>
    parts
      .map(({ oid, value }) => `${oid}=${canonicalValue(value)}`)
      .toSorted()
      .join('\n'),
  )
}

function canonicalValue({ tag, content }: DerElement): string {
  if (!TEXTS.has(tag)) return `#${tag}:${content.toString('hex')}`
  const words = content.toString('utf8').trim().toLowerCase().replaceAll(/\s+/g, ' ')
  return JSON.stringify(words)
}

interface NamePart {
  readonly oid: string
  readonly value: DerElement
}

function nameParts(name: Buffer): readonly (readonly NamePart[])[] | undefined {
  const sets = derElements(name, MOST_ATTRIBUTES)?.map(partsOf)
  return sets?.every((parts) => parts !== undefined) === true ? sets : undefined
}

function partsOf({ tag, content }: DerElement): readonly NamePart[] | undefined {
  const pairs = tag === DER.set ? derElements(content, MOST_ATTRIBUTES)?.map(namePart) : undefined
  return pairs?.every((part) => part !== undefined) === true ? pairs : undefined
}

function namePart({ tag, content }: DerElement): NamePart | undefined {
  const [type, value, ...more] = (tag === DER.sequence ? derElements(content, 2) : undefined) ?? []
  const oid = oidOf(type)
  return oid === undefined || value === undefined || more.length > 0 ? undefined : { oid, value }
}
