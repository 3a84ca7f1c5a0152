import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { accountPage } from '../../src/login/pages/account-page.ts'
import { errorPage } from '../../src/login/pages/error-page.ts'
import { html, markupOf } from '../../src/login/pages/html.ts'
import { loginPage } from '../../src/login/pages/login-page.ts'
import { passwordPage } from '../../src/login/pages/password-page.ts'

const HOSTILE = `"><script>alert('1')</script>&amp;`

/** By another name, so that the formatter leaves the markup alone. */
const fill = html

test('whatever is inserted is escaped, in text and in attributes', () => {
  assert.equal(
    markupOf(html`<p title="${HOSTILE}">${HOSTILE}</p>`),
    '<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;">' +
      '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;</p>',
  )
})

test('markup is inserted as it is, alone and in lists, and undefined is nothing', () => {
  const items = ['<a>', '&'].map((item) => fill`<li>${item}</li>`)
  assert.equal(
    markupOf(fill`<ul>${items}${undefined}${fill`<hr>`}${3}</ul>`),
    '<ul><li>&lt;a&gt;</li><li>&amp;</li><hr>3</ul>',
  )
})

test('what only looks like markup is not', () => {
  const forged = JSON.parse('{"markup":"<b>","text":"<b>"}') as string
  assert.throws(() => html`<p>${forged}</p>`)
})

const OUR_SCRIPT = '<script src="/login.js" type="module"></script>'

test('no page lets a value out of its place', () => {
  const formToken = HOSTILE
  const pages = [
    loginPage({ formToken, username: HOSTILE, problem: HOSTILE }),
    passwordPage({ formToken, user: HOSTILE, isForced: true, problem: HOSTILE }),
    passwordPage({ formToken, user: HOSTILE, isForced: false }),
    accountPage({
      formToken,
      user: HOSTILE,
      roles: [HOSTILE],
      idleExpiresAt: 0,
      expiresAt: 0,
      notice: HOSTILE,
      sections: [],
    }),
    errorPage({ message: HOSTILE, requestId: HOSTILE }),
  ]
  for (const page of pages) {
    assert.ok(!page.replace(OUR_SCRIPT, '').includes('<script'), page)
    assert.ok(page.includes('&lt;script&gt;'), page)
  }
})

test('ASVS 14.2.3: pages hold no script and no style of their own, and no address elsewhere', () => {
  const pages = [
    loginPage({ formToken: 't', signedOut: true }),
    passwordPage({ formToken: 't', user: 'alice', isForced: false }),
    accountPage({
      formToken: 't',
      user: 'alice',
      roles: [],
      idleExpiresAt: 0,
      expiresAt: 0,
      notice: undefined,
      sections: [],
    }),
    errorPage({ message: 'm', requestId: 'r' }),
  ]
  for (const page of pages) {
    assert.doesNotMatch(
      page,
      /<script(?! src="\/login\.js" type="module"><\/script>)|<style|\sstyle=|\son[a-z]+=|https?:|javascript:/i,
    )
    for (const [, address] of page.matchAll(/(?:href|src|action)="([^"]*)"/g))
      assert.match(String(address), /^\/[a-z]/)
  }
})

test('ASVS 6.4.2: no form has a hint or a question for somebody who has forgotten his password', async () => {
  const folder = join(import.meta.dirname, '../../src/login/pages')
  const sources = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')),
  )
  const markup = sources.join('\n').replaceAll(/<meta[^>]*>/g, '')
  const fields = new Set(Array.from(markup.matchAll(/\bname="([^"]*)"/g), ([, name = '']) => name))
  const names = ['code', 'csrf', 'decision', 'id', 'label', 'newPassword', 'password', 'place', 'repeat']
  // Of keys for upstreams: which one, and what it is.
  const keys = ['name', 'upstream', 'value']
  assert.deepEqual([...fields].toSorted(), [...names, 'username', ...keys].toSorted())
})

test('every field has a label, and errors are announced', () => {
  const page =
    loginPage({ formToken: 't', problem: 'No.' }) +
    passwordPage({ formToken: 't', user: 'a', isForced: false })
  const ids = [...page.matchAll(/<input\s+id="([^"]+)"/g)].map(([, id]) => id)
  assert.deepEqual(ids, ['username', 'password', 'password', 'newPassword', 'repeat'])
  for (const id of ids) assert.ok(page.includes(`<label for="${id}">`), id)
  assert.match(page, /<p class="alert" role="alert">No\.<\/p>/)
})

test('password managers are told which field is what', () => {
  assert.match(
    loginPage({ formToken: 't' }),
    /autocomplete="username webauthn"[\s\S]*autocomplete="current-password"/,
  )
  const page = passwordPage({ formToken: 't', user: 'alice', isForced: true })
  assert.match(page, /value="alice" autocomplete="username" hidden[\s\S]*autocomplete="new-password"/)
  assert.doesNotMatch(page, /current-password/)
})
