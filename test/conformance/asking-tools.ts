import { randomUUID } from 'node:crypto'
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type CallToolResult,
  type ElicitRequestFormParams,
  type InputRequests,
  type InputRequiredResult,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { z } from 'zod'

/** What a tool seals for its next round. */
export type State = Readonly<Record<string, string | number>>

type Schema = ElicitRequestFormParams['requestedSchema']

/**
 * Tools that ask the client: its user, its model, for its roots. Written once for both eras: a 2025-era client is asked
 * in the middle of the call by the SDK, later ones are told to call again.
 */
export function addAskingTools(server: McpServer, states: RequestStateCodec<State>): void {
  addQuestionsOfBothEras(server)
  addSingleQuestions(server)
  addQuestionsWithState(server, states)
}

function addQuestionsOfBothEras(server: McpServer): void {
  server.registerTool(
    'test_sampling',
    { description: 'Asks the model.', inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, { mcpReq }) => {
      const said = sampled(mcpReq.inputResponses, 'answer')
      if (said !== undefined) return text(`LLM response: ${said}`)
      return inputRequired({ inputRequests: { answer: sampling(prompt, 100) } })
    },
  )
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the user.', inputSchema: z.object({ message: z.string() }) },
    async ({ message }, ctx) =>
      form(ctx, 'User response', message, {
        type: 'object',
        properties: { response: { type: 'string', description: "User's response" } },
        required: ['response'],
      }),
  )
  const none = z.object({})
  server.registerTool(
    'test_elicitation_sep1034_defaults',
    { description: 'A form with defaults of every type.', inputSchema: none },
    async (_args, ctx) => form(ctx, 'Elicitation completed', 'Please review the form', DEFAULTS),
  )
  server.registerTool(
    'test_elicitation_sep1330_enums',
    { description: 'A form with choices of every kind.', inputSchema: none },
    async (_args, ctx) => form(ctx, 'Elicitation completed', 'Please select', CHOICES),
  )
}

const NAME: Schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
const OK: Schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] }

function addSingleQuestions(server: McpServer): void {
  const none = z.object({})
  server.registerTool(
    'test_missing_capability',
    { description: 'Needs a client with a model.', inputSchema: none },
    async (_args, { mcpReq }) =>
      sampled(mcpReq.inputResponses, 'answer') === undefined
        ? inputRequired({ inputRequests: { answer: sampling('Say pong.', 16) } })
        : text('The model has answered.'),
  )
  server.registerTool(
    'test_input_required_result_elicitation',
    { description: 'Asks for a name.', inputSchema: none },
    async (_args, { mcpReq }) => {
      const name = acceptedContent<{ name: string }>(mcpReq.inputResponses, 'user_name')?.name
      if (typeof name === 'string') return text(`Hello, ${name}!`)
      return inputRequired({ inputRequests: { user_name: asking('What is your name?', NAME) } })
    },
  )
  server.registerTool(
    'test_input_required_result_sampling',
    { description: 'Asks the model for a capital.', inputSchema: none },
    async (_args, { mcpReq }) => {
      const said = sampled(mcpReq.inputResponses, 'capital_question')
      if (said !== undefined) return text(`Sampling response: ${said}`)
      return inputRequired({
        inputRequests: { capital_question: sampling('What is the capital of France?', 100) },
      })
    },
  )
  server.registerTool(
    'test_input_required_result_list_roots',
    { description: 'Asks for the roots.', inputSchema: none },
    async (_args, { mcpReq }) => {
      const roots = rootsOf(mcpReq.inputResponses, 'client_roots')
      if (roots === undefined)
        return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })
      return text(`Client exposed ${roots.length} root(s): ${roots.map(({ uri }) => uri).join(', ')}`)
    },
  )
  server.registerTool(
    'test_input_required_result_capabilities',
    { description: 'Asks for what the client can do and nothing else.', inputSchema: none },
    async (_args, { mcpReq }) => {
      if (mcpReq.inputResponses !== undefined) return text('Everything was answered.')
      const client = member(mcpReq.envelope, CLIENT_CAPABILITIES_META_KEY)
      const can = (what: string): boolean => member(client, what) !== undefined
      const inputRequests: InputRequests = {
        ...(can('elicitation') ? { user_name: asking('What is your name?', NAME) } : {}),
        ...(can('sampling') ? { greeting: sampling('Generate a short greeting', 50) } : {}),
        ...(can('roots') ? { client_roots: inputRequired.listRoots() } : {}),
      }
      return Object.keys(inputRequests).length === 0
        ? text('There is nothing that this client could be asked.')
        : inputRequired({ inputRequests })
    },
  )
}

function addQuestionsWithState(server: McpServer, states: RequestStateCodec<State>): void {
  const none = z.object({})
  const stateOf = async (state: State): Promise<string> => states.mint({ ...state, nonce: randomUUID() })
  for (const name of [
    'test_input_required_result_request_state',
    'test_input_required_result_tampered_state',
  ])
    server.registerTool(
      name,
      { description: 'Asks for a confirmation, with a state.', inputSchema: none },
      async (_args, { mcpReq }) => {
        const isConfirmed = acceptedContent(mcpReq.inputResponses, 'confirm') !== undefined
        if (isConfirmed && mcpReq.requestState<State>()?.['tool'] === name)
          return text('state-ok: the state is our own and it was confirmed')
        return inputRequired({
          inputRequests: { confirm: asking('Please confirm', OK) },
          requestState: await stateOf({ tool: name }),
        })
      },
    )
  server.registerTool(
    'test_input_required_result_multiple_inputs',
    { description: 'Asks three things at once.', inputSchema: none },
    async (_args, { mcpReq: { inputResponses } }) => {
      const name = acceptedContent<{ name: string }>(inputResponses, 'user_name')?.name
      const greeting = sampled(inputResponses, 'greeting')
      const roots = rootsOf(inputResponses, 'client_roots')
      if (typeof name === 'string' && greeting !== undefined && roots !== undefined)
        return text(`${greeting} ${name}: ${roots.length} root(s)`)
      return inputRequired({
        inputRequests: {
          user_name: asking('What is your name?', NAME),
          greeting: sampling('Generate a greeting', 50),
          client_roots: inputRequired.listRoots(),
        },
        requestState: await stateOf({ tool: 'multiple_inputs' }),
      })
    },
  )
  server.registerTool(
    'test_input_required_result_multi_round',
    { description: 'Asks twice, one after the other.', inputSchema: none },
    async (_args, { mcpReq }) => {
      const { name, round = 0 } = mcpReq.requestState<State>() ?? {}
      if (round === 0)
        return inputRequired({
          inputRequests: { step1: asking('Step 1: What is your name?', NAME) },
          requestState: await stateOf({ round: 1 }),
        })
      if (round === 1)
        return inputRequired({
          inputRequests: { step2: asking('Step 2: What is your favorite color?', COLOR) },
          requestState: await stateOf({
            round: 2,
            name: acceptedContent<{ name: string }>(mcpReq.inputResponses, 'step1')?.name ?? 'unknown',
          }),
        })
      const color = acceptedContent<{ color: string }>(mcpReq.inputResponses, 'step2')?.color ?? 'no color'
      return text(`${String(name)} likes ${color}`)
    },
  )
}

const COLOR: Schema = { type: 'object', properties: { color: { type: 'string' } }, required: ['color'] }

function asking(message: string, requestedSchema: Schema) {
  return inputRequired.elicit({ message, requestedSchema })
}

function sampling(prompt: string, maxTokens: number) {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
    maxTokens,
  })
}

/** Asks once, and says what was answered. */
function form(
  { mcpReq: { inputResponses } }: ServerContext,
  heading: string,
  message: string,
  requestedSchema: Schema,
): CallToolResult | InputRequiredResult {
  const answer = member(inputResponses, 'form')
  if (answer === undefined)
    return inputRequired({ inputRequests: { form: asking(message, requestedSchema) } })
  const content = JSON.stringify(member(answer, 'content') ?? {})
  return text(`${heading}: action=${String(member(answer, 'action'))}, content=${content}`)
}

/** What the model said; `undefined` where it was not asked. */
function sampled(responses: unknown, key: string): string | undefined {
  const said = member(member(member(responses, key), 'content'), 'text')
  return typeof said === 'string' ? said : undefined
}

function rootsOf(responses: unknown, key: string): readonly { readonly uri: string }[] | undefined {
  const roots = member(member(responses, key), 'roots')
  if (!Array.isArray(roots)) return undefined
  return roots.map((root: unknown) => ({ uri: String(member(root, 'uri')) }))
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function text(said: string): CallToolResult {
  return { content: [{ type: 'text', text: said }] }
}

/** SEP-1034. */
const DEFAULTS: Schema = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'User name', default: 'John Doe' },
    age: { type: 'integer', description: 'User age', default: 30 },
    score: { type: 'number', description: 'User score', default: 95.5 },
    status: {
      type: 'string',
      description: 'User status',
      enum: ['active', 'inactive', 'pending'],
      default: 'active',
    },
    verified: { type: 'boolean', description: 'Verification status', default: true },
  },
  required: [],
}

const CHOICE = [
  { const: 'value1', title: 'First' },
  { const: 'value2', title: 'Second' },
  { const: 'value3', title: 'Third' },
]

/** SEP-1330. */
const CHOICES: Schema = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: CHOICE },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      items: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    },
    titledMulti: { type: 'array', minItems: 1, maxItems: 3, items: { anyOf: CHOICE } },
  },
  required: [],
}
