import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeQR } from 'qr/decode.js'
import { qrPath } from '../../src/login/qr-path.ts'
import { newTotpSecret, totpUri } from '../../src/login/totp.ts'

/** Draws the path as a browser does, so many pixels for a module, and reads it as a camera does. */
function readBack({ size, path }: { readonly size: number; readonly path: string }, scale = 4): string {
  const side = size * scale
  const data = new Uint8Array(side * side * 4).fill(255)
  const runs = [...path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)].map((run) => run.slice(1, 4).map(Number))
  assert.equal(path.replaceAll(/M\d+ \d+h(\d+)v1h-\1z/g, ''), '', 'it is nothing but runs')
  for (const [x = 0, y = 0, length = 0] of runs)
    for (let row = y * scale; row < (y + 1) * scale; row++)
      for (let at = x * scale; at < (x + length) * scale; at++)
        data.fill(0, (row * side + at) * 4, (row * side + at) * 4 + 3)
  return decodeQR({ width: side, height: side, data })
}

test('the QR code of an enrolment reads as its URI', () => {
  const names = fc.stringMatching(/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/)
  fc.assert(
    fc.property(names, (name) => {
      const uri = totpUri(name, newTotpSecret())
      assert.equal(readBack(qrPath(uri)), uri)
    }),
    { numRuns: 20 },
  )
})
