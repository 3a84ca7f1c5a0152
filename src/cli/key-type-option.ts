import { Option } from 'commander'
import { KEY_TYPES } from '../pki/key.ts'

/** `--key-type`, as every command has it that makes a key. */
export function keyTypeOption(what: string): Option {
  return new Option('--key-type <type>', what).choices(KEY_TYPES).default(KEY_TYPES[0])
}
