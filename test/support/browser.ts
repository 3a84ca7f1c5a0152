import { chromium, type Browser } from 'playwright-core'
import { findProgram } from './ensure.ts'

/** Starts the real browser of this machine, without the network of its own that it would like to have. @param more switches */
export async function startBrowser(...more: readonly string[]): Promise<Browser> {
  const executablePath = findProgram('chromium')
  if (executablePath === undefined)
    throw new Error('chromium is missing: "apt-get install chromium" brings it')
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  })
}
