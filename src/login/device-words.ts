/** The first that fits says what it is: browsers name those whose place they want to take, too. */
const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdgA?(?:iOS)?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\bSamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/\bHeadlessChrome\/(\d+)/, 'Headless Chrome'],
  [/\b(?:Chrome|CriOS|Chromium)\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//, 'Safari'],
]

const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

/** The most characters of a user agent that are shown as they are. */
const LONGEST = 60

/**
 * Browser and system in words, for people to know their own devices by: "Firefox 128 on Windows". What is no browser
 * that we know is shown as it calls itself, shortened. It is what the caller said: nothing may depend on it.
 */
export function deviceWords(userAgent: string): string {
  const browser = userAgent.startsWith('Mozilla/') ? found(BROWSERS, userAgent) : undefined
  if (browser !== undefined) {
    const system = found(SYSTEMS, userAgent)
    return [browser, ...(system === undefined ? [] : ['on', system])].join(' ')
  }
  if (userAgent === '') return 'unknown'
  return userAgent.length > LONGEST ? `${userAgent.slice(0, LONGEST - 1)}…` : userAgent
}

function found(known: readonly (readonly [RegExp, string])[], userAgent: string): string | undefined {
  for (const [pattern, name] of known) {
    const match = pattern.exec(userAgent)
    if (match !== null) return [name, ...(match[1] === undefined ? [] : [match[1]])].join(' ')
  }
  return undefined
}
