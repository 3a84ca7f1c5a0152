import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { sallyport } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** What a real bash proposes for a line that ends where the cursor is. */
function proposals(script: string, ...words: readonly string[]): readonly string[] {
  const line = words.map((word) => `'${word}'`).join(' ')
  const ask = `${script}\nCOMP_WORDS=(${line})\nCOMP_CWORD=${words.length - 1}\n_sallyport\nprintf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-euc', ask], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout.trim().split('\n')
}

test('bash proposes commands, commands of commands, and options', async (t) => {
  const cwd = await temporaryDirectory(t)
  const { stdout, code } = await sallyport(['completion', 'bash'], { cwd })
  assert.equal(code, 0)
  assert.deepEqual(proposals(stdout, 'sallyport', 'us'), ['user'])
  assert.deepEqual(proposals(stdout, 'sallyport', 'user', 'reset-p'), ['reset-password'])
  assert.deepEqual(proposals(stdout, 'sallyport', 'session', 'rev'), ['revoke'])
  assert.deepEqual(proposals(stdout, 'sallyport', 'session', 'revoke', '--a'), ['--all'])
  assert.deepEqual(proposals(stdout, 'sallyport', 'log'), ['login', 'logout'])
  assert.deepEqual(proposals(stdout, 'sallyport', 'login', '--pass'), ['--password-stdin'])
  assert.deepEqual(proposals(stdout, 'sallyport', 'tools', '--u'), ['--url'])
  assert.deepEqual(proposals(stdout, 'sallyport', 'user', 'add', 'alice', '--pass'), ['--password-stdin'])
})

test('a shell that is not known is wrong usage', async (t) => {
  const cwd = await temporaryDirectory(t)
  const { code, stderr } = await inProcess(['completion', 'tcsh'], { cwd })
  assert.equal(code, 2)
  assert.match(stderr, /bash, zsh/)
})
