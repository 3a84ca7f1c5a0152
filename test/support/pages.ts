import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'

/** How the pages are looked at. */
export const LOOKS = {
  'desktop-light': { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  'desktop-dark': { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  'phone-light': { viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  'phone-dark': { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
} as const

/** One of them; every one where SCREENSHOTS names a folder, for people to look at. */
export function looksFrom(usual: keyof typeof LOOKS): [string, (typeof LOOKS)[keyof typeof LOOKS]][] {
  return Object.entries(LOOKS).filter(([look]) => process.env['SCREENSHOTS'] !== undefined || look === usual)
}

/** What the browser objects to on a page, from now on. That a refused form has a status of 4xx is what was asked for. */
export function objectionsOn(page: Page): readonly string[] {
  const objections: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) objections.push(message.text())
  })
  page.on('pageerror', (error) => objections.push(String(error)))
  return objections
}

/** A second browser that is shown what a first one sees, with scripts: what looks at pages needs them. */
export interface Copier {
  readonly page: Page
  /** Shows what `page` shows. No request of it reaches the server but for style, script and icon. */
  show(page: Page): Promise<void>
}

/** Opens one. */
export async function copier(browser: Browser): Promise<Copier> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  const copy = await context.newPage()
  return {
    page: copy,
    async show(page) {
      const body = await page.content()
      await copy.route(page.url(), (route) => route.fulfill({ contentType: 'text/html', body }), { times: 1 })
      await copy.goto(page.url())
    },
  }
}

/** Takes a picture where SCREENSHOTS names a folder, for people to look at. */
export async function picture(page: Page, look: string, name: string): Promise<void> {
  const directory = process.env['SCREENSHOTS']
  if (directory === undefined) return
  await mkdir(directory, { recursive: true })
  await page.screenshot({ path: join(directory, `${name}-${look}.png`), fullPage: true })
}

/** Everything on the page is within its width, also at 320 pixels (WCAG 2.2, 1.4.10). */
export async function assertFits(page: Page): Promise<void> {
  const size = page.viewportSize()
  await assertWithin(page)
  await page.setViewportSize({ width: 320, height: 256 })
  await assertWithin(page)
  if (size !== null) await page.setViewportSize(size)
}

async function assertWithin(page: Page): Promise<void> {
  const outside = await page.evaluate<string[]>(
    `[...document.querySelectorAll('body, body *')]
      .filter((one) => one.getBoundingClientRect().left < 0 || one.getBoundingClientRect().right > innerWidth)
      .map((one) => one.outerHTML)`,
  )
  assert.deepEqual(outside, [])
}

/**
 * What axe-core has to say about a page, light and dark: nothing. And the Tab key comes to everything, from top to
 * bottom, for all to see. Needs a page with scripts.
 */
export async function assertAccessible(page: Page, name: string): Promise<void> {
  await page.evaluate(axe.source)
  await page.emulateMedia({ colorScheme: 'light' })
  assert.deepEqual(await violations(page, '{}'), [], name)
  await page.emulateMedia({ colorScheme: 'dark' })
  assert.deepEqual(await violations(page, `{ runOnly: ['color-contrast'] }`), [], `${name}, dark`)
  const wanted = await page.evaluate<string[]>(WANTED)
  const reached: string[] = []
  for (let at = 0; at < wanted.length; at++) {
    await page.keyboard.press('Tab')
    reached.push(await page.evaluate<string>(FOCUSED))
  }
  assert.deepEqual(reached, wanted, `${name}, by keyboard`)
}

/** What can be used, numbered; and the Tab key begins at the top. */
const WANTED = `(() => {
  const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary, [tabindex="0"]')]
  const shown = all.filter((one) => one.checkVisibility() && !one.disabled)
  document.body.tabIndex = -1
  document.body.focus()
  document.body.removeAttribute('tabindex')
  for (const [at, one] of shown.entries()) one.dataset.at = at
  return shown.map((one) => one.outerHTML)
})()`

/** What has the focus, if it shows. */
const FOCUSED = `(() => {
  const { activeElement: one } = document
  return getComputedStyle(one).outlineStyle === 'none' ? 'unseen' : one.outerHTML
})()`

async function violations(page: Page, options: string): Promise<readonly string[]> {
  return page.evaluate<string[]>(
    `axe.run(${options}).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`,
  )
}
