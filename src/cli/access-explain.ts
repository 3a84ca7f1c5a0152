import { isIP } from 'node:net'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Action } from '../access/decision.ts'
import { isPermissionPattern } from '../access/permission.ts'
import type { AuthMethod } from '../auth/context.ts'
import { parsePrincipal, type Principal } from '../auth/principal.ts'
import { nearest } from '../nearest.ts'
import { SallyportError } from '../errors.ts'
import { accessAtHand } from './access-at-hand.ts'
import { explainPast } from './access-past.ts'
import { ACTIONS, isAction, requestOf } from './access-request.ts'
import { explainedJson } from './explained-json.ts'
import { explanationLines, type Explained } from './explanation-text.ts'
import { durationOption, momentOption } from './moment.ts'
import { parsedArguments } from './parsed-arguments.ts'
import { print, printJson } from './print.ts'
import { contextOf, supposedCaller, type Supposition } from './supposed-caller.ts'
import { unknownName } from './unknown-name.ts'

const EXAMPLES = `
Examples:
  npx sallyport access explain service:demo tools/call notes_write '{"id":"hello","text":"Hello"}'
  npx sallyport access explain user:alice tools/call notes_delete '{"id":"hello"}' --mfa-age 10m --address 10.1.2.3
  npx sallyport access explain service:demo tools/list notes_write
  npx sallyport access explain service:demo resources/read note://hello --at 2026-11-21T03:00:00Z
  npx sallyport access explain service:demo tools/call notes_write --policy candidate.yaml --check
  npx sallyport access explain --request 0198c3f2-…
  npx sallyport access explain --request 0198c3f2-… --arguments '{"id":"hello"}'

What is not said is assumed, and marked: people come by a session with a second factor, services and agents by a
certificate, all of them just now. "--request" explains a decision of the past from the audit trail; where that has only
a digest of the arguments, "--arguments" says which they may have been, and is believed if the digest is the same. The
values of arguments are shown: this is for operators.

Exit codes: 0 explained, with --check 1 if it is denied; 1 failed, 2 wrong usage.`

interface Flags {
  readonly policy?: string
  readonly method?: readonly [AuthMethod, ...AuthMethod[]]
  readonly mfa: boolean
  readonly mfaAge?: number
  readonly age?: number
  readonly address?: string
  readonly uri?: string
  readonly issuer?: string
  readonly only?: readonly string[]
  readonly at?: number
  readonly request?: string
  readonly arguments?: Readonly<Record<string, unknown>>
  readonly check?: true
  readonly json?: true
}

/** `sallyport access explain`: what the policy answers, and everything that led to it. */
export function accessExplainCommand(): Command {
  const hypothetical = ['method', 'mfa', 'mfaAge', 'age', 'address', 'uri', 'issuer', 'only', 'at']
  return new Command('explain')
    .description('Explain what the policy answers to a call, or answered to one of the past.')
    .argument('[principal]', 'who calls, as in service:demo', principalArgument)
    .argument('[method]', `what is called: ${Object.keys(ACTIONS).join(', ')}`, actionArgument)
    .argument('[name]', 'name of the tool or prompt, URI of the resource')
    .argument('[arguments]', 'arguments of the tool or prompt, as a JSON object', parsedArguments)
    .option('--policy <file>', 'ask this policy instead of the configured one')
    .option(
      '--method <method>',
      'by what it proves who it is: certificate, session; can be repeated',
      methods,
    )
    .option('--age <duration>', 'how long ago it did', durationOption)
    .option('--mfa-age <duration>', 'how long ago it proved a second factor', durationOption)
    .option('--no-mfa', 'it proved none')
    .option('--address <ip>', 'where it comes from', addressOption)
    .option('--uri <uri>', 'URI in its certificate')
    .option('--issuer <name>', 'issuer of its certificate, as in "CN=Corp CA,O=Corp"')
    .option('--only <permission>', 'ceiling of its credential; can be repeated', patterns)
    .option('--at <time>', 'when: 2026-11-21T10:00:00Z, or how long ago, as in 7d', momentOption)
    .addOption(
      new Option('--request <id>', 'explain the decision on record for this request').conflicts(hypothetical),
    )
    .option(
      '--arguments <json>',
      'with --request: its arguments, if they are on record as a digest',
      parsedArguments,
    )
    .option('--check', 'exit with 1 if it is denied')
    .option('--json', 'print it as JSON')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(
  principal: Principal | undefined,
  action: Action | undefined,
  name: string | undefined,
  args: Readonly<Record<string, unknown>> | undefined,
  flags: Flags,
  command: Command,
): Promise<void> {
  if (flags.request !== undefined) {
    if (principal !== undefined) command.error('error: --request stands alone: it says who called what')
    return explainPast(flags.request, flags)
  }
  if (flags.arguments !== undefined) command.error('error: --arguments belongs to --request')
  if (principal === undefined || action === undefined || name === undefined)
    return command.error('error: say who calls what: PRINCIPAL METHOD NAME, or --request ID')
  if (args !== undefined && !takesArguments(action))
    command.error(
      `error: ${action} takes no arguments${ACTIONS[action] === 'resource' ? ': they are in the URI' : ''}`,
    )
  await explain({ principal, action, name, args: args ?? {} }, flags)
}

function takesArguments(action: Action): boolean {
  return action === 'tools/call' || action === 'prompts/get'
}

interface Question {
  readonly principal: Principal
  readonly action: Action
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

async function explain({ principal, action, name, args }: Question, flags: Flags): Promise<void> {
  const { catalog, policy, authority, file } = await accessAtHand(flags.policy)
  const at = flags.at ?? Date.now()
  const lookup = requestOf(catalog, action, name, args)
  if (lookup.kind === 'unknown') return reportUnknown(unknownName(lookup, name), flags)
  const caller = supposedCaller(principal, suppositionOf(flags), authority, at)
  const context = contextOf(caller.proofs, policy, at)
  const explanation = policy.explain(context, lookup.request, lookup.args, at)
  report({ explanation, request: lookup.request, args: lookup.args, caller, at, file }, flags)
}

function report(explained: Explained, { json, check }: Flags): void {
  if (json === true) printJson(explainedJson(explained))
  else for (const line of explanationLines(explained)) print(line)
  const { decision, because } = explained.explanation
  if (check === true && decision.kind === 'deny') throw new SallyportError('REFUSED', because)
}

function reportUnknown(because: string, { json, check }: Flags): void {
  const decision = { kind: 'deny', reason: 'unknown_name', rule: null, shadow: [] }
  if (json === true) printJson({ decision, because })
  else print(`DENIED  ${because}`)
  if (check === true) throw new SallyportError('REFUSED', because)
}

function suppositionOf({ method, mfa, mfaAge, age, address, uri, issuer, only }: Flags): Supposition {
  return { methods: method, mfaAge: mfa ? mfaAge : null, age, address, uri, issuer, only }
}

function principalArgument(text: string): Principal {
  const principal = parsePrincipal(text)
  if (principal !== undefined) return principal
  throw new InvalidArgumentError('Write kind:name, as in service:demo, agent:triage or user:alice.')
}

function actionArgument(text: string): Action {
  if (isAction(text)) return text
  const near = nearest(text, Object.keys(ACTIONS))
  throw new InvalidArgumentError(
    near === undefined ? `Write one of ${Object.keys(ACTIONS).join(', ')}.` : `Did you mean ${near}?`,
  )
}

function methods(
  text: string,
  before: readonly AuthMethod[] | undefined = [],
): readonly [AuthMethod, ...AuthMethod[]] {
  if (text !== 'certificate' && text !== 'session')
    throw new InvalidArgumentError('Write certificate or session.')
  const [first, ...others] = before
  return first === undefined ? [text] : [first, ...others, text]
}

function addressOption(text: string): string {
  if (isIP(text) !== 0) return text
  throw new InvalidArgumentError('Write an IP address, as in 10.1.2.3.')
}

function patterns(text: string, before: readonly string[] | undefined = []): readonly string[] {
  if (isPermissionPattern(text)) return [...before, text]
  throw new InvalidArgumentError('Write a permission, as in notes:read or notes:*.')
}
