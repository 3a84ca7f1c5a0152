import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { runCommandLine } from '../../src/cli/main.ts'

/** What a command line prints that ends at once, and its exit code. */
async function said(t: TestContext, ...args: readonly string[]): Promise<{ code: number; text: string }> {
  let text = ''
  const take = (chunk: string): boolean => {
    text += chunk
    return true
  }
  const output = t.mock.method(process.stdout, 'write', take)
  const errors = t.mock.method(process.stderr, 'write', take)
  try {
    return { code: await runCommandLine(args), text }
  } finally {
    output.mock.restore()
    errors.mock.restore()
  }
}

test('every command of the help is called by its name', async (t) => {
  const { text: help } = await said(t, '--help')
  const names = [...help.matchAll(/^ {2}([a-z-]+) .*[.:]?$/gm)].map(([, name = '']) => name)
  const commands = names.filter((name) => !name.startsWith('-') && name !== 'help')
  assert.ok(commands.length >= 19, commands.join())
  for (const name of commands) {
    const { code, text } = await said(t, name, '--help')
    assert.equal(code, 0, text)
    assert.match(text, new RegExp(`^Usage: sallyport ${name}\\b`))
  }
})

test('a command that is not known is wrong usage, and a near one is named', async (t) => {
  const { code, text } = await said(t, 'usr')
  assert.equal(code, 2)
  assert.match(text, /unknown command 'usr'\n\(Did you mean user\?\)/)
})

test('a word that every object knows is no command', async (t) => {
  for (const word of ['constructor', '__proto__', '']) assert.equal((await said(t, word)).code, 2, word)
})
