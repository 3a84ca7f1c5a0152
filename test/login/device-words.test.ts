import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deviceWords } from '../../src/login/device-words.ts'

const KNOWN: readonly (readonly [userAgent: string, words: string])[] = [
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox 140 on Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Chrome 142 on Windows',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
    'Edge 142 on Windows',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
    'Safari 26 on macOS',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
    'Safari 26 on iPhone',
  ],
  [
    'Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1',
    'Chrome 142 on iPad',
  ],
  [
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36',
    'Samsung Internet 29 on Android',
  ],
  [
    'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Chrome 142 on ChromeOS',
  ],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36',
    'Headless Chrome 142 on Linux',
  ],
  ['curl/8.17.0', 'curl/8.17.0'],
  ['Mozilla/5.0 (compatible; something else)', 'Mozilla/5.0 (compatible; something else)'],
  ['', 'unknown'],
]

test('browsers and systems are known by the words that people use', () => {
  for (const [userAgent, words] of KNOWN) assert.equal(deviceWords(userAgent), words)
})

test('whatever a caller calls itself is short, and takes no time to read', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 256 }), (userAgent) => {
      assert.ok(deviceWords(userAgent).length <= 60)
    }),
  )
  const began = performance.now()
  for (const part of ['Version/1', 'Version/1.', 'Mozilla/5.0 ', 'Mobile/', 'Safari/'])
    deviceWords(`Mozilla/5.0 ${part.repeat(20_000)}`)
  assert.ok(performance.now() - began < 500)
})
