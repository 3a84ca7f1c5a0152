import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ask, INITIALIZE, legacy, modern, type Ask } from '../support/clients.ts'
import { policyOf, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let demo: Pick<Ask, 'port' | 'ca' | 'cert' | 'key'>
before(async () => {
  server = await startServer()
  const note = { id: 'there', text: 'x', author: 'service:admin-cli', updatedAt: 1 }
  await server.store.notes.write(note, { notes: 10, bytes: 1000 })
  const pair = await server.authority.client('demo')
  demo = { port: server.ports.certificates, ca: server.authority.rootPem, ...pair }
})
after(async () => server.close())

type Message = (
  method: string,
  params: Record<string, unknown>,
) => Promise<{ headers: Record<string, string>; body: string }>

const eras: Record<string, Message> = {
  '2026-07-28': async (method, params) => modern(method, params),
  async '2025-11-25'(method, params) {
    const opened = await ask({ ...demo, ...legacy('initialize', INITIALIZE) })
    return legacy(method, params, String(opened.headers['mcp-session-id']))
  },
}

async function answerTo(message: Message, method: string, params: Record<string, unknown>): Promise<string> {
  const answer = await ask({ ...demo, ...(await message(method, params)) })
  return `${answer.status} ${answer.headers['content-type']} ${answer.body}`
}

for (const [era, message] of Object.entries(eras))
  describe(`in ${era}`, () => {
    test('ASVS 8.2.1: a forbidden tool and an unknown one get the same bytes but for the name, and the record says which', async () => {
      const forbidden = await answerTo(message, 'tools/call', {
        name: 'notes_write',
        arguments: { id: 'a', text: 'b' },
      })
      const unknown = await answerTo(message, 'tools/call', {
        name: 'notes_wrote',
        arguments: { id: 'a', text: 'b' },
      })
      assert.equal(forbidden.replaceAll('notes_write', 'X'), unknown.replaceAll('notes_wrote', 'X'))
      const reasonOf = async (name: string) =>
        (await server.event('tool.decided', ({ resource }) => resource === name)).reason
      assert.equal(await reasonOf('notes_write'), 'no_permission')
      assert.equal(await reasonOf('notes_wrote'), 'unknown_name')
      assert.equal(await server.store.notes.read('a'), undefined)
    })

    test('a forbidden tool says the same whatever its arguments are, so that its schema stays unknown', async () => {
      const answers = await Promise.all(
        [{}, { id: 'a', text: 'b' }, { id: 5 }, { other: true }].map(async (args) =>
          answerTo(message, 'tools/call', { name: 'notes_delete', arguments: args }),
        ),
      )
      assert.equal(new Set(answers).size, 1)
    })

    test('without a grant nothing is seen, and everything answers as if it did not exist', async () => {
      const pair = await server.authority.client('stranger')
      const stranger = { ...demo, ...pair }
      const opened = await ask({ ...stranger, ...legacy('initialize', INITIALIZE) })
      const session = String(opened.headers['mcp-session-id'])
      const of = (method: string, params = {}) =>
        era === '2026-07-28' ? modern(method, params) : legacy(method, params, session)
      assert.match((await ask({ ...stranger, ...of('prompts/list') })).body, /"prompts":\[\]/)
      assert.match((await ask({ ...stranger, ...of('resources/list') })).body, /"resources":\[\]/)
      assert.match(
        (await ask({ ...stranger, ...of('resources/templates/list') })).body,
        /"resourceTemplates":\[\]/,
      )
      const tools = (await ask({ ...stranger, ...of('tools/list') })).body
      assert.match(tools, /"tools":\[\{"name":"whoami"/)
      assert.doesNotMatch(tools, /notes|time/)
      const prompt = async (name: string) => {
        const answer = await ask({ ...stranger, ...of('prompts/get', { name, arguments: { id: 'x' } }) })
        return `${answer.status} ${answer.body.replaceAll(name, 'X')}`
      }
      assert.equal(await prompt('summarize_note'), await prompt('summarize_nope'))
      const read = async (uri: string) =>
        (await ask({ ...stranger, ...of('resources/read', { uri }) })).body.replaceAll(uri, 'X')
      assert.equal(await read('note://there'), await read('toad://there'))
    })
  })

test('a policy that changes is asked anew on the next request of the same connection', async () => {
  const pair = await server.authority.client('demo')
  const list = async () => (await ask({ ...demo, ...pair, ...modern('tools/list') })).body
  assert.match(await list(), /time_now/)
  server.setPolicy(policyOf('version: 1\nrules: []\nroles:\n  none: []\ngrants: []\n'))
  assert.doesNotMatch(await list(), /time_now/)
  server.setPolicy(policyOf())
})
