import { Command } from 'commander'
import type { RevocationStore } from '../auth/revocation.ts'
import { noSuchUser } from '../login/user-faults.ts'
import { changeUser } from './change-user.ts'
import { print, printJson } from './print.ts'

const DISABLE_EXAMPLES = `
Examples:
  npx sallyport user disable alice

All sessions and certificates of alice stop at once, on every server, and none is renewed. Of a person who has a
certificate and no login account: "npx sallyport cert revoke --principal user:alice". Needs no factor key.`

const ENABLE_EXAMPLES = `
Examples:
  npx sallyport user enable alice

Password, second factors and certificates are what they were; sessions are opened anew.`

/** `sallyport user disable`: nobody is this user any more, by a session or by a certificate. */
export function userDisableCommand(): Command {
  return command(
    'disable',
    'Let nobody in as this user: sessions and certificates stop at once.',
    DISABLE_EXAMPLES,
  )
}

/** `sallyport user enable`: the user may come in again. */
export function userEnableCommand(): Command {
  return command('enable', 'Let a user who was disabled in again.', ENABLE_EXAMPLES)
}

function command(verb: 'disable' | 'enable', description: string, examples: string): Command {
  return new Command(verb)
    .description(description)
    .argument('<name>', 'the user')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (name: string, { json }: { readonly json?: true }) => {
      await setDisabled(name, verb === 'disable', json === true)
    })
}

async function setDisabled(name: string, disabled: boolean, json: boolean): Promise<void> {
  const state = disabled ? 'disabled' : 'enabled'
  await changeUser(name, {
    event: `user.${state}`,
    history: state,
    gives: !disabled,
    disabled,
    async change({ users, revocations }) {
      const epoch = await users.setDisabled(name, disabled, await highestTold(name, revocations))
      if (epoch === undefined) throw noSuchUser(name)
      return { epoch, told: undefined }
    },
    report() {
      if (json) printJson({ name, state })
      else print(`user ${name} is ${state}`)
    },
  })
}

/**
 * The highest epoch of a user that servers were told of, since the store may have lost how high it was. A list that
 * cannot be read stands in nobody's way: by it no server lets anybody in.
 */
async function highestTold(user: string, revocations: RevocationStore): Promise<number> {
  const { entries } = await revocations.read(0).catch(() => ({ entries: [] }))
  return Math.max(
    0,
    ...entries.flatMap((entry) => ('user' in entry && entry.user === user ? [entry.epoch] : [])),
  )
}
