import { Argument, Command, type Option } from 'commander'
import { print } from './print.ts'

const SHELLS = ['bash', 'zsh'] as const

const EXAMPLES = `
Examples:
  source <(npx sallyport completion bash)       # in ~/.bashrc
  source <(npx sallyport completion zsh)        # in ~/.zshrc, after compinit
  sallyport() { npx sallyport "$@"; }           # there as well: what is completed is "sallyport", without npx`

/** One level of commands: what is typed to get there, and what can come next. */
interface Level {
  /** As in `sallyport cert`. */
  readonly path: string
  readonly commands: readonly string[]
  readonly options: readonly string[]
}

/**
 * `sallyport completion SHELL`: prints what makes a shell complete commands and options.
 *
 * @param program gives all that can be completed
 */
export function completionCommand(program: () => Promise<Command>): Command {
  return new Command('completion')
    .description('Print a script that lets your shell complete commands and options.')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: string) => {
      const levels = levelsOf(await program(), 'sallyport')
      print(scriptOf(levels, shell === 'zsh'))
    })
}

function levelsOf(command: Command, path: string): readonly Level[] {
  const visible = command.createHelp().visibleCommands(command)
  const level = {
    path,
    commands: visible.map((sub) => sub.name()),
    options: command.createHelp().visibleOptions(command).map(longest),
  }
  const inner = visible
    .filter((sub) => sub.name() !== 'help')
    .flatMap((sub) => levelsOf(sub, `${path} ${sub.name()}`))
  return [level, ...inner]
}

function longest({ long, short }: Option): string {
  return long ?? short ?? ''
}

/** Bash's way of completing, which zsh has a layer for. */
function scriptOf(levels: readonly Level[], zsh: boolean): string {
  const deeper = levels.slice(1).map(({ path }) => `"${path}"`)
  const cases = levels.map(
    ({ path, commands, options }) => `    "${path}") words="${[...commands, ...options].join(' ')}" ;;`,
  )
  return [
    ...(zsh ? ['autoload -U +X bashcompinit && bashcompinit'] : []),
    '_sallyport() {',
    '  local path=sallyport word words=',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    case "$path $word" in',
    `      ${deeper.join('|')}) path="$path $word" ;;`,
    '    esac',
    '  done',
    '  case "$path" in',
    ...cases,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -o default -F _sallyport sallyport',
  ].join('\n')
}
