import { Command } from 'commander'
import { noSuchUser } from '../login/user-faults.ts'
import { changeUser } from './change-user.ts'
import { print, printJson } from './print.ts'

const DISABLE_EXAMPLES = `
Examples:
  npx sallyport user disable alice

All sessions end at once, on every server, and no certificate of alice is renewed any more; one that she has ends with
"npx sallyport cert revoke --principal user:alice". Needs no factor key.`

const ENABLE_EXAMPLES = `
Examples:
  npx sallyport user enable alice

Password and second factors are what they were.`

/** `sallyport user disable`: nobody logs in as this user, and nobody is. */
export function userDisableCommand(): Command {
  return command('disable', 'End the sessions of a user, and let nobody log in as him.', DISABLE_EXAMPLES)
}

/** `sallyport user enable`: the user may log in again. */
export function userEnableCommand(): Command {
  return command('enable', 'Let a user who was disabled log in again.', ENABLE_EXAMPLES)
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
    async change({ users }) {
      const epoch = await users.setDisabled(name, disabled)
      if (epoch === undefined) throw noSuchUser(name)
      return { epoch, told: undefined }
    },
    report() {
      if (json) printJson({ name, state })
      else print(`user ${name} is ${state}`)
    },
  })
}
