import { Command } from 'commander'
import { certListCommand } from './cert-list.ts'
import { certRenewCommand } from './cert-renew.ts'
import { certRevokeCommand } from './cert-revoke.ts'
import { certShowCommand } from './cert-show.ts'
import { certTokenCommand } from './cert-token.ts'

/** `sallyport cert`: what the CA issued, and what becomes of it. */
export function certCommand(): Command {
  return new Command('cert')
    .description('Offer, list, show, renew and revoke certificates.')
    .addCommand(certTokenCommand())
    .addCommand(certListCommand())
    .addCommand(certShowCommand())
    .addCommand(certRenewCommand())
    .addCommand(certRevokeCommand())
}
