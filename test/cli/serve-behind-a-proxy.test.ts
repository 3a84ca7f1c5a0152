import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ANY_PORTS, sallyport, serving } from '../support/command.ts'
import { ask, modern } from '../support/clients.ts'
import { inProcess } from '../support/in-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { headerValue } from '../support/tls-proxy.ts'

const whoami = modern('tools/call', { name: 'whoami' })

async function configured(cwd: string, port: number): Promise<void> {
  const proxied = `{ port: ${port}, header: client-cert, proxies: [ "service:edge" ] }`
  await writeFile(join(cwd, 'sallyport.yaml'), `listeners: { proxied: ${proxied} }\n`)
}

test('serve listens for the proxies that the configuration names, and says so', async (t) => {
  const cwd = await temporaryDirectory(t)
  for (const args of [['init'], ['issue-client-cert', 'edge']]) {
    const { code, stderr } = await inProcess(args, { cwd })
    assert.equal(code, 0, stderr)
  }
  await configured(cwd, 0)
  const served = await serving('serve', { cwd })
  t.after(async () => served.stop())
  const pattern = /^Listening: https:\/\/localhost:(\d+)\/mcp \(for service:edge, forwarding client-cert\)$/
  const port = Number(
    served.lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined),
  )
  const file = async (path: string): Promise<string> => readFile(join(cwd, 'certs', path), 'utf8')
  const [ca, cert] = [await file('ca/root.pem'), await file('clients/edge/client.pem')]
  const key = await file('clients/edge/client.key.pem')
  const demo = new X509Certificate(await file('clients/demo/client.pem'))
  const headers = { ...whoami.headers, 'client-cert': headerValue('client-cert', demo) }
  const answer = await ask({ port, ca, cert, key, ...whoami, headers })
  assert.match(answer.body, /"principal":"service:demo"/)

  await configured(cwd, port)
  const { code, stderr } = await sallyport(['serve'], {
    cwd,
    env: ANY_PORTS,
  })
  assert.equal(code, 1)
  assert.match(
    stderr,
    /is taken by another program: stop it, or set "port" of listeners\.proxied to a free port/,
  )
})
