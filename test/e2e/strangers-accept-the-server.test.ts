import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { newAuthority, openAuthority } from '../../src/pki/authority.ts'
import { certificatePem } from '../../src/pki/certify.ts'
import { issueClient, type ClientOptions } from '../../src/pki/issue.ts'
import { KEY_TYPES, newKeyPair } from '../../src/pki/key.ts'
import { PRINCIPAL_KINDS } from '../../src/pki/name.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { serving, type Served } from '../support/command.ts'
import { findProgram } from '../support/ensure.ts'
import { inProcess } from '../support/in-process.ts'
import { openssl } from '../support/openssl.ts'

/** Asks for a URL, trusting one file of roots and nothing else. */
type Stranger = (url: string, roots: string) => Promise<string>

const GO = `package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	roots := x509.NewCertPool()
	pem, _ := os.ReadFile(os.Args[2])
	roots.AppendCertsFromPEM(pem)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	response, err := client.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	body, _ := io.ReadAll(response.Body)
	fmt.Print(string(body))
}
`

const PYTHON = `
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
context.verify_flags |= ssl.VERIFY_X509_STRICT
print(urllib.request.urlopen(sys.argv[1], context=context, timeout=20).read().decode(), end='')
`

let folder: string
const strangers = new Map<string, Stranger>()
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-strangers-'))
  const other = await newAuthority('sallyport.internal', Date.now())
  await writeFile(join(folder, 'other-root.pem'), certificatePem(other.root.certificate))
  strangers.set('Node', async (url, roots) => {
    const ca = await readFile(roots)
    return await new Promise((resolve, reject) => {
      get(url, { ca, agent: false }, (response) => void text(response).then(resolve, reject)).on(
        'error',
        reject,
      )
    })
  })
  strangers.set('curl', async (url, roots) => await output('curl', ['-sS', '--cacert', roots, url]))
  if (findProgram('python3') !== undefined)
    strangers.set('Python', async (url, roots) => await output('python3', ['-c', PYTHON, url, roots]))
  const go = findProgram('go') ?? (await findGo())
  if (go !== undefined) strangers.set('Go', await goStranger(go))
})
after(async () => await rm(folder, { recursive: true, force: true, maxRetries: 10 }))

async function findGo(): Promise<string | undefined> {
  const usual = '/usr/local/go/bin/go'
  return await output(usual, ['version']).then(
    () => usual,
    () => undefined,
  )
}

/** Builds the program once; from the standard library alone. */
async function goStranger(go: string): Promise<Stranger> {
  const [source, program] = [join(folder, 'main.go'), join(folder, 'stranger')]
  await writeFile(source, GO)
  await output(go, ['build', '-o', program, source])
  return async (url, roots) => await output(program, [url, roots])
}

/** What a program printed; rejects with what it complained about if it failed. */
async function output(program: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', no_proxy: '*' }
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  const code = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  const [ended, stdout, stderr] = await Promise.all([code, text(child.stdout), text(child.stderr)])
  if (ended !== 0) throw new Error(`${program}: ${stderr}`)
  return stdout
}

for (const keyType of KEY_TYPES)
  describe(`what a CA with ${keyType} keys issues`, () => {
    let directory: string
    let server: Served
    const path = (...names: readonly string[]): string => join(directory, 'certs', ...names)
    const run = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await inProcess(args, { cwd: directory })
      assert.equal(code, 0, stderr)
      return stdout
    }
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'sallyport-strangers-'))
      await writeFile(
        join(directory, 'sallyport.yaml'),
        'authority: { revocationListUrl: "http://pki.example/lists" }\n',
      )
      await run('init-ca', '--key-type', keyType, '--permit-server', 'mcp.example')
      await run('issue-server-cert', '--key-type', keyType, 'mcp.example')
      server = await serving('start', { cwd: directory })
    })
    after(async () => {
      await server.stop()
      await rm(directory, { recursive: true, force: true, maxRetries: 10 })
    })

    for (const name of ['Node', 'curl', 'Python', 'Go'])
      it(`is accepted by ${name} as a server, with root.pem alone`, async (t) => {
        const stranger = strangers.get(name)
        if (stranger === undefined) return t.skip(`${name} is not installed`)
        const url = `https://localhost:${server.ports.people}/healthz`
        assert.match(await stranger(url, path('ca', 'root.pem')), /\S/)
        await assert.rejects(stranger(url, join(folder, 'other-root.pem')), 'it objects to another root')
      })

    it('passes openssl at its strictest for its own purpose, and for no other', async () => {
      const now = Date.now()
      const signer = await openAuthority(path(), now)
      const { publicKey } = await newKeyPair('ed25519')
      const options: readonly ClientOptions[] = [
        { keyType },
        { keyType: 'p384', ceiling: ['notes:read', 'time:*'] },
        { publicKey, revocationListUrl: 'https://pki.example' },
      ]
      const files = ['demo', 'admin-cli'].map((name) => path('clients', name, 'client.pem'))
      for (const [index, kind] of PRINCIPAL_KINDS.entries()) {
        const identity = { trustDomain: 'sallyport.internal', kind, name: `a.${kind}` }
        const issued = await issueClient(signer, identity, LIFETIME.longestClient, now, options[index])
        files.push(join(directory, `${kind}.pem`))
        await writeFile(join(directory, `${kind}.pem`), issued.certificate)
      }
      for (const file of files) {
        assert.equal(verified('sslclient', file), true, file)
        assert.equal(verified('sslserver', file), false, file)
      }
      assert.equal(verified('sslserver', path('server', 'server.pem')), true)
      assert.equal(verified('sslclient', path('server', 'server.pem')), false)
    })

    function verified(purpose: string, certificate: string): boolean {
      const trust = ['-CAfile', path('ca', 'root.pem'), '-untrusted', path('ca', 'issuing.pem')]
      const lists = ['-crl_check_all', '-CRLfile', path('ca', 'crl.pem')]
      return openssl('verify', '-x509_strict', '-purpose', purpose, ...trust, ...lists, certificate).ok
    }
  })
