import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { Decision } from '../../src/access/decision.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { INITIALIZE, legacy, modern } from '../support/clients.ts'
import { testEndpoint } from '../support/endpoint.ts'
import { policyOf } from '../support/server.ts'

const deploy = defineTool({
  name: 'deploy',
  description: 'Deploys.',
  inputSchema: z.strictObject({ region: z.string().meta({ 'x-mcp-header': 'Region' }) }),
  permission: 'test:deploy',
  run: () => textResult('deployed'),
})

function setting(decision: Decision = { kind: 'allow', limits: [], shadow: [] }) {
  const endpoint = testEndpoint({ tools: [deploy], policy: { ...policyOf(), decide: () => decision } })
  const call = async (args: object, header: Record<string, string> = {}) => {
    const { headers, body } = modern('tools/call', { name: 'deploy', arguments: args })
    const text = await endpoint.send({ headers: { ...headers, ...header }, body }).text()
    return { status: text.slice(0, 3), text }
  }
  return { ...endpoint, call }
}

test('a header that repeats its argument lets the call run, and one that nobody knows is no matter', async () => {
  const { call } = setting()
  const { status, text } = await call({ region: 'eu' }, { 'mcp-param-region': 'eu', 'mcp-param-other': 'x' })
  assert.equal(status, '200')
  assert.match(text, /deployed/)
})

test('one that is missing, differs or is malformed is 400 and HeaderMismatch, and nothing runs', async () => {
  const { call, events } = setting()
  for (const header of [{}, { 'mcp-param-region': 'us' }, { 'mcp-param-region': '=?base64?e?=' }]) {
    const { status, text } = await call({ region: 'eu' }, header)
    assert.equal(status, '400')
    assert.match(text, /"code":-32020,"message":"Bad Request: /)
    assert.doesNotMatch(text, /deployed|eu\b/)
  }
  const outcomes = events.flatMap((event) => ('outcome' in event ? [event.outcome] : []))
  assert.deepEqual(outcomes, ['invalid_arguments', 'invalid_arguments', 'invalid_arguments'])
})

test('who may not call the tool gets the answer for one that does not exist', async () => {
  const { call } = setting({ kind: 'deny', reason: 'no_permission', rule: null, shadow: [] })
  const { status, text } = await call({ region: 'eu' })
  assert.equal(status, '200')
  assert.match(text, /-32602,"message":"Unknown tool: deploy"/)
})

test('a 2025-era client knows nothing of such headers', async () => {
  const { send } = setting()
  const opened = send(legacy('initialize', INITIALIZE))
  const answer = await opened.answer
  assert.ok(answer.kind === 'response')
  await opened.text()
  const session = answer.response.headers.get('mcp-session-id') ?? assert.fail()
  const params = { name: 'deploy', arguments: { region: 'eu' } }
  assert.match(await send(legacy('tools/call', params, session)).text(), /deployed/)
})
