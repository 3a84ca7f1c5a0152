/**
 * What is not seen, or changes what is: controls but tab and line feed (a carriage return before one is fine), marks of
 * direction, everything that Unicode lets a font ignore (zero width, tags, variation selectors, fillers), line and
 * paragraph separators, the blank of braille, and halves of surrogates.
 */
const UNSEEN = String.raw`\p{Default_Ignorable_Code_Point}|[\u061c\ufff9-\ufffb\u2028\u2029\u2800]|\p{Cs}`
const CONTROL = String.raw`(?![\t\n]|\r\n)\p{Cc}`
const HIDDEN = new RegExp(`${CONTROL}|${UNSEEN}`, 'u')

/** Letters of scripts that are written with joiners between them. */
const JOINED = String.raw`[[\p{scx=Arab}\p{scx=Syrc}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}\p{scx=Khmr}\p{scx=Mymr}]&&[\p{L}\p{M}]]`

/** One emoji: with its colour of skin and its form, joined to others; a key; the flags of parts of a country (UTS #51). */
const EMOJI = String.raw`\p{ExtPict}\p{EMod}?[\ufe0e\ufe0f]?(?:\u200d\p{ExtPict}\p{EMod}?\ufe0f?){0,8}|[0-9#*]\ufe0f\u20e3|(?<=\u{1f3f4})\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}`

/** What only looks hidden: whole emoji, and one joiner between letters that are written so. Taken as they are. */
const RIGHTFUL = String.raw`${EMOJI}|(?<=${JOINED})[\u200c\u200d](?=${JOINED})`

/** A sequence for a terminal, as a whole: colours, movements, titles, links (ECMA-48); bounded, as all repetitions here. */
const SEQUENCE = String.raw`(?:\u001b\[|\u009b)[0-?]{0,64}[ -\/]{0,8}[@-~]|(?:\u001b[\]PX\^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]{0,4096}(?:\u0007|\u001b\\|\u009c)|\u001b[ -\/]{0,8}[0-~]`

const EACH = new RegExp(`(?<rightful>${RIGHTFUL})|${HIDDEN.source}`, 'gv')
const EACH_UNSEEN = new RegExp(`(?<rightful>${RIGHTFUL})|(?:${UNSEEN}){1,64}`, 'gv')
/** A run of controls ends where a sequence may begin. */
const EACH_SEQUENCE = new RegExp(
  String.raw`${SEQUENCE}|(?:(?![\u001b\u0090\u0098\u009b\u009d-\u009f])${CONTROL}){1,64}|${CONTROL}`,
  'gv',
)
const EVERY = new RegExp(HIDDEN.source, 'gu')

/** Whether a text holds something that is not seen, or that changes what is seen. */
export function hasHiddenText(text: string): boolean {
  // Most texts have nothing of it, and this is far quicker than to look for emoji.
  if (!HIDDEN.test(text)) return false
  for (const { groups } of text.matchAll(EACH)) if (groups?.['rightful'] === undefined) return true
  return false
}

/**
 * The text without what is not seen, and without whole sequences for terminals: what is left never has hidden text.
 * Letters that only look like others stay: nobody knows what was meant.
 */
export function stripHidden(text: string): string {
  if (!HIDDEN.test(text)) return text
  // First what is not seen at all, which would take a sequence apart, or its beginning along.
  const stripped = text.replaceAll(EACH_UNSEEN, '$<rightful>').replaceAll(EACH_SEQUENCE, '')
  // What was apart stands together now, and may be something else.
  return hasHiddenText(stripped) ? stripped.replaceAll(EVERY, '') : stripped
}

/** The text with each hidden character as `show` says it. */
export function showHidden(text: string, show: (character: string) => string): string {
  if (!HIDDEN.test(text)) return text
  return text.replaceAll(EACH, (found: string, rightful: string | undefined) => rightful ?? show(found))
}

/** The text as a person should see it: hidden characters, and letters in the guise of others, as `<U+200B>`. */
export function madeVisible(text: string): string {
  return showHidden(
    text.replaceAll(WORD, (word) => (isMixed(word) ? word.replaceAll(GUISE, codePoint) : word)),
    codePoint,
  )
}

/** Words in which letters of other scripts stand among Latin ones and look like them, each once. */
export function mixedWords(text: string): readonly string[] {
  return [...new Set(text.match(WORD)?.filter(isMixed))]
}

const WORD = /[\p{L}\p{M}\p{N}_]{1,1000}/gu

/** Letters that pass for Latin ones: of Greek only those, since `Δt` and `μs` are words. */
const GUISE =
  /[\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03b1\u03b3\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03f2\u03f3\u03f9\uff21-\uff3a\uff41-\uff5a\u{1d400}-\u{1d7ff}]/gu

function isMixed(word: string): boolean {
  return /(?![\uff21-\uff5a])\p{Script=Latin}/u.test(word) && word.search(GUISE) >= 0
}

function codePoint(character: string): string {
  return `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`
}

/** A character as JSON and YAML can have it, each half of it by itself: `\u200b`. */
export function unicodeEscape(character: string): string {
  return character
    .split('')
    .map((half) => `\\u${half.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
