import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** How the pages are looked at. */
export const LOOKS = {
  'desktop-light': { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  'desktop-dark': { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  'phone-light': { viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  'phone-dark': { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
} as const

/** Takes a picture where SCREENSHOTS names a folder, for people to look at. */
export async function picture(page: Page, look: string, name: string): Promise<void> {
  const directory = process.env['SCREENSHOTS']
  if (directory === undefined) return
  await mkdir(directory, { recursive: true })
  await page.screenshot({ path: join(directory, `${name}-${look}.png`), fullPage: true })
}

/** Everything on the page is within its width. */
export async function assertFits(page: Page): Promise<void> {
  const outside = await page.evaluate<string[]>(
    `[...document.querySelectorAll('body, body *')]
      .filter((one) => one.getBoundingClientRect().left < 0 || one.getBoundingClientRect().right > innerWidth)
      .map((one) => one.outerHTML)`,
  )
  assert.deepEqual(outside, [])
}

/** What axe-core has to say about a page, light and dark: nothing. Needs a page with scripts. */
export async function assertAccessible(page: Page, name: string): Promise<void> {
  await page.evaluate(axe.source)
  await page.emulateMedia({ colorScheme: 'light' })
  assert.deepEqual(await violations(page, '{}'), [], name)
  await page.emulateMedia({ colorScheme: 'dark' })
  assert.deepEqual(await violations(page, `{ runOnly: ['color-contrast'] }`), [], `${name}, dark`)
}

async function violations(page: Page, options: string): Promise<readonly string[]> {
  return page.evaluate<string[]>(
    `axe.run(${options}).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`,
  )
}
