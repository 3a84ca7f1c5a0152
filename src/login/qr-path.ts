import { encodeQR } from 'qr'

/** A QR code as the path of an SVG image: a square of one unit for each module, with a quiet zone around. */
export interface QrPath {
  /** The side of the image, in modules. */
  readonly size: number
  readonly path: string
}

/** Modules without ink on each side (ISO/IEC 18004, 6.3.8). */
const QUIET_ZONE = 4

/** The QR code of a text (ISO/IEC 18004), one run of dark modules after the other. */
export function qrPath(text: string): QrPath {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET_ZONE })
  const path = rows.map((row, y) =>
    runsOf(row)
      .map(([x, length]) => `M${x} ${y}h${length}v1h-${length}z`)
      .join(''),
  )
  return { size: rows.length, path: path.join('') }
}

function runsOf(row: readonly boolean[]): (readonly [start: number, length: number])[] {
  const text = row.map((dark) => (dark ? '1' : '0')).join('')
  return Array.from(text.matchAll(/1+/g), (run) => [run.index, run[0].length] as const)
}
