import { Command } from 'commander'
import { resetFactors } from '../login/reset-factors.ts'
import { resetPassword } from '../login/reset-password.ts'
import { changeUser } from './change-user.ts'
import { hashes } from './hashes.ts'
import { print, printJson } from './print.ts'
import { accessTo } from './user-access.ts'

const PASSWORD_EXAMPLES = `
Examples:
  npx sallyport user reset-password alice

Second factors stay: for a lost one there is "npx sallyport user reset-mfa alice".`

const MFA_EXAMPLES = `
Examples:
  npx sallyport user reset-mfa alice

Be sure that it is alice who asks: from then on her password is enough until a second factor is set up again.`

interface Flags {
  readonly json?: true
}

/** `sallyport user reset-password`: a one-time password in place of the one that was forgotten. */
export function userResetPasswordCommand(): Command {
  return new Command('reset-password')
    .description('End the sessions of a user, and print a one-time password, good for an hour.')
    .argument('<name>', 'the user')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', PASSWORD_EXAMPLES)
    .action(resetPasswordOf)
}

/** `sallyport user reset-mfa`: takes the second factors away. */
export function userResetMfaCommand(): Command {
  return new Command('reset-mfa')
    .description('End the sessions of a user, and take his TOTP, passkeys and recovery codes away.')
    .argument('<name>', 'the user')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', MFA_EXAMPLES)
    .action(resetFactorsOf)
}

async function resetPasswordOf(name: string, { json }: Flags): Promise<void> {
  await changeUser(name, {
    event: 'user.password_reset',
    history: 'password_reset',
    gives: true,
    async change(store, config) {
      const access = accessTo(store, config)
      const { epoch, oneTimePassword } = await resetPassword(access, hashes(config), name, Date.now())
      return { epoch, told: oneTimePassword }
    },
    report(oneTimePassword) {
      if (json === true) printJson({ name, oneTimePassword })
      else print(`one-time password: ${oneTimePassword}`)
    },
  })
}

async function resetFactorsOf(name: string, { json }: Flags): Promise<void> {
  await changeUser(name, {
    event: 'user.factors_reset',
    history: 'factors_reset',
    gives: true,
    change: async (store, config) => ({
      epoch: await resetFactors(accessTo(store, config), name),
      told: undefined,
    }),
    report() {
      if (json === true) printJson({ name, secondFactors: [] })
      else print(`user ${name} has no second factor`)
    },
  })
}
