import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crossSiteRefusal } from '../../src/login/cross-site.ts'

const HOST = 'localhost:8444'
const allowed = (origin: string, host: string | undefined): boolean => origin === `https://${host}`
const refusalOf = (
  fetchSite: string | undefined,
  origin: string | undefined,
  method = 'POST',
): string | undefined => crossSiteRefusal({ method, fetchSite, origin, host: HOST }, allowed)

test('what a browser says about the site decides', () => {
  assert.equal(refusalOf('same-origin', undefined), undefined)
  assert.equal(refusalOf('none', undefined), undefined)
  for (const site of ['same-site', 'cross-site', '', 'Same-Origin', 'same-origin, same-origin'])
    assert.equal(refusalOf(site, undefined), 'cross_site', site)
})

test('the origin does not outvote the site', () => {
  assert.equal(refusalOf('cross-site', `https://${HOST}`), 'cross_site')
  assert.equal(refusalOf('same-origin', 'https://evil.example'), undefined)
})

test('without a word about the site the origin decides', () => {
  assert.equal(refusalOf(undefined, `https://${HOST}`), undefined)
  for (const origin of ['https://evil.example', 'null', '', `http://${HOST}`, 'https://localhost:9000'])
    assert.equal(refusalOf(undefined, origin), 'origin_not_allowed', origin)
})

test('what is no browser says neither and is served', () => {
  assert.equal(refusalOf(undefined, undefined), undefined)
})

test('reading is not refused here, and every other method is guarded', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS'])
    assert.equal(refusalOf('cross-site', 'https://evil.example', method), undefined)
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'get'])
    assert.equal(refusalOf('cross-site', undefined, method), 'cross_site')
})
