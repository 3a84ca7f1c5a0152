import assert from 'node:assert/strict'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  ElicitationCompleteNotificationSchema,
  ElicitRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { Browser, Page } from 'playwright-core'
import { Agent, fetch as undiciFetch } from 'undici'
import { z } from 'zod'
import type { Policy } from '../../src/access/decision.ts'
import { readPolicy } from '../../src/access/read-policy.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { passwordOnly } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import { newRecoveryCodes } from '../../src/login/recovery-codes.ts'
import { createCatalog } from '../../src/mcp/catalog.ts'
import { definePrompt } from '../../src/mcp/prompt.ts'
import { defineResource } from '../../src/mcp/resource.ts'
import { surfaceOf } from '../../src/mcp/surface-of.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import type { SallyportOptions } from '../../src/server-options.ts'
import { CHEAP, CHEAP_COST, PASSWORD } from './login-door.ts'
import { startServer, TEST_FACTOR_KEY, type TestOptions, type TestServer } from './server.ts'
import { openSession } from './session.ts'
import { TOTP_SECRET } from './totp.ts'

/** A bank whose rules ask for second factors and for second people. */
export interface ConfirmingServer extends TestServer {
  /** The arguments of every call that ran, as JSON, in order. */
  readonly ran: readonly string[]
  /** Changes the rules, and nothing else, to these. */
  setRules(rules: string): void
  /** A person who logs in by password and recovery codes: returns the codes. */
  addPerson(name: string): Promise<readonly string[]>
  /** The token of a session of a person, as a program holds it: no second factor was proved in it. */
  token(name: string): Promise<string>
}

/** The rules that it begins with. */
export const RULES = `
  - { name: fresh-factor, effect: step-up, tools: [ bank_pay ], within: 5m, when: 'args.amount <= 1000.0' }
  - { name: fresh-ledger, effect: step-up, resources: [ "ledger://**" ], prompts: [ audit ], within: 5m }
  - { name: two-people, effect: approve, tools: [ bank_pay ], by: { role: treasurer }, when: 'args.amount > 1000.0' }
`

const RIGHTS = `
roles:
  payer: [ "bank:*" ]
  treasurer: [ "bank:read" ]
grants:
  - { user: alice, roles: [ payer, treasurer ] }
  - { user: bob, roles: [ payer, treasurer ] }
  - { user: carol, roles: [ treasurer ] }
  - { service: billing, roles: [ payer ], owner: "user:bob" }
`

/** Starts it, with whoever is in its rules and no user yet. */
export async function startConfirmingServer(
  options: Partial<SallyportOptions> & TestOptions = {},
): Promise<ConfirmingServer> {
  const ran: string[] = []
  const pay = (name: string) =>
    defineTool({
      name,
      description: 'Pays.',
      inputSchema: z.strictObject({ to: z.string(), amount: z.number() }),
      permission: 'bank:pay',
      run(args) {
        ran.push(JSON.stringify(args))
        return textResult('paid')
      },
    })
  const parts = {
    tools: [pay('bank_pay'), pay('bank_free')],
    prompts: [
      definePrompt({
        name: 'audit',
        description: 'How the books are looked at.',
        permission: 'bank:audit',
        arguments: [],
        get: async () => ({ messages: [] }),
      }),
    ],
    resources: [
      defineResource({
        uriTemplate: 'ledger://{year}',
        name: 'ledger',
        description: 'The books of a year.',
        permission: 'bank:read',
        list: async () => [],
        read: async (uri) => ({ contents: [{ uri, text: 'all is well' }] }),
      }),
    ],
  }
  const surface = surfaceOf(createCatalog(parts))
  const policyWith = (rules: string): Policy =>
    readPolicy(`version: 1\nrules: ${rules}${RIGHTS}`, 'access.yaml', surface).policy
  const server = await startServer({ passwordCost: CHEAP_COST, catalog: parts, ...options })
  server.setPolicy(policyWith(RULES))
  const vault = credentialVault(factorKeys([TEST_FACTOR_KEY]))
  return {
    ...server,
    ran,
    setRules: (rules) => server.setPolicy(policyWith(rules)),
    async addPerson(name) {
      // More than anybody has: each login of a test takes one.
      const sets = Array.from({ length: 3 }, newRecoveryCodes)
      const credentials = vault.seal(name, {
        ...passwordOnly(await CHEAP.hash(PASSWORD), null),
        totp: { secret: TOTP_SECRET, lastStep: 0, addedAt: 0 },
        recoveryCodes: sets.flatMap(({ digests }) => digests),
      })
      const user = { name, credentials, disabled: false, epoch: 0, revision: 0, createdAt: Date.now() }
      assert.ok(await server.store.users.create(user))
      return sets.flatMap(({ codes }) => codes)
    },
    token: async (name) => (await openSession(server, name)).token,
  }
}

/** What a client hears of a link that it is to show. */
export interface Elicited {
  readonly mode: unknown
  readonly message: string
  readonly url: string
  readonly elicitationId?: string
}

/** What a client does with a link. */
export type OnLink = (elicited: Elicited) => Promise<'accept' | 'decline' | 'cancel'>

/** A client, as far as the tests use it. */
export interface ConfirmingClient {
  call(
    args: Record<string, unknown>,
    tool?: string,
  ): Promise<{ readonly isError: boolean; readonly text: string }>
  read(uri: string): Promise<unknown>
  getPrompt(name: string): Promise<unknown>
  /** The elicitations that it was told are complete. */
  readonly completed: readonly string[]
  close(): Promise<void>
}

/** How a client is told: it shows links (2026 or 2025), or it can show none. */
export type ClientKind = 'modern' | 'first' | 'plain'

interface Callable {
  callTool(params: {
    name: string
    arguments: Record<string, unknown>
  }): Promise<{ isError?: unknown; content?: unknown }>
  readResource(params: { uri: string }): Promise<unknown>
  getPrompt(params: { name: string }): Promise<unknown>
  close(): Promise<void>
}

/** Connects a real client, by a token on the door for people or by a certificate on the other. */
export async function connectConfirming(
  server: ConfirmingServer,
  kind: ClientKind,
  by: { readonly token: string } | { readonly cert: string; readonly key: string },
  onLink: OnLink = () => Promise.reject(new Error('no link was expected')),
): Promise<ConfirmingClient> {
  const { ports, authority } = server
  const port = 'token' in by ? (ports.people ?? ports.certificates) : ports.certificates
  const tls = { ca: authority.rootPem, servername: 'localhost', ...('token' in by ? {} : by) }
  const dispatcher = new Agent({ connect: tls })
  const fetch = async (to: string | URL, init: RequestInit = {}): Promise<Response> =>
    undiciFetch(to, { ...(init as object), dispatcher })
  const headers = 'token' in by ? { authorization: `Bearer ${by.token}` } : {}
  const settings = { fetch, requestInit: { headers } }
  const url = new URL(`https://localhost:${port}/mcp`)
  const completed: string[] = []
  const info = { name: 'test', version: '1' }
  const capabilities = kind === 'plain' ? {} : { elicitation: { url: {} } }
  const answer = async (params: unknown) => ({ action: await onLink(params as Elicited) })
  let client: Callable
  if (kind === 'first') {
    const first = new FirstClient(info, { capabilities })
    first.setRequestHandler(ElicitRequestSchema, async ({ params }) => answer(params))
    first.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => {
      completed.push(params.elicitationId)
    })
    await first.connect(new FirstTransport(url, settings))
    client = first as unknown as Callable
  } else {
    const versionNegotiation = { mode: { pin: '2026-07-28' } } as const
    const modern = new Client(info, { capabilities, versionNegotiation })
    if (kind === 'modern')
      modern.setRequestHandler('elicitation/create', async ({ params }) => answer(params))
    await modern.connect(new StreamableHTTPClientTransport(url, settings))
    client = modern
  }
  return {
    completed,
    async call(args, name = 'bank_pay') {
      const { isError, content } = await client.callTool({ name, arguments: args })
      const [first] = content as readonly { readonly text: string }[]
      return { isError: isError === true, text: first?.text ?? '' }
    },
    read: (uri) => client.readResource({ uri }),
    getPrompt: (name) => client.getPrompt({ name }),
    async close() {
      await client.close()
      await dispatcher.destroy()
    },
  }
}

/** The link in what a client was told in words. */
export function linkIn(text: string): string {
  const [link] = /https:\/\/\S+\/confirm\/[\w-]{22}/.exec(text) ?? []
  assert.ok(link !== undefined, text)
  return link
}

/** A browser of a person, logged in by nothing yet. */
export async function personIn(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false })
  return context.newPage()
}

/** Opens a link and logs in with everything, where that is asked for; the heading of the page then. */
export async function openLink(
  page: Page,
  link: string,
  name: string,
  codes: readonly string[],
): Promise<string> {
  await page.goto(link)
  if (new URL(page.url()).pathname === '/login') {
    await page.getByLabel('User name').fill(name)
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: /^log in$/i }).click()
    await page.getByText('Use a recovery code').click()
    await page.getByLabel('Recovery code').fill(codes[0] ?? '')
    await page.getByRole('button', { name: 'Use recovery code' }).click()
    await page.waitForURL(link)
  }
  return (await page.getByRole('heading', { level: 1 }).textContent()) ?? ''
}

/** Presses a button of the page, and gives the heading of the next one. */
export async function press(page: Page, name: string): Promise<string> {
  await page.getByRole('button', { name, exact: true }).click()
  return (await page.getByRole('heading', { level: 1 }).textContent()) ?? ''
}
