import fc from 'fast-check'

/** What may stand in a header: mostly the characters given and a few others, sometimes anything that Node lets in. */
export function headerText(characters: string): fc.Arbitrary<string> {
  const near = fc.string({ unit: fc.constantFrom(...characters, ...'ABab01+/_- \t"\\;,%'), maxLength: 60 })
  const any = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  })
  return fc.oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: any })
}
