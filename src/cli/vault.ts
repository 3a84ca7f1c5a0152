import { Command } from 'commander'
import { vaultListCommand } from './vault-list.ts'
import { vaultRemoveCommand } from './vault-remove.ts'
import { vaultSetCommand } from './vault-set.ts'

/** `sallyport vault`: the keys that principals keep for upstream servers. */
export function vaultCommand(): Command {
  return new Command('vault')
    .description('Set, list and remove the keys that people and services keep for upstream servers.')
    .addCommand(vaultSetCommand())
    .addCommand(vaultListCommand())
    .addCommand(vaultRemoveCommand())
}
