import { posix, win32 } from 'node:path'

/** The machine and the user whose clients are set up. */
export interface Surroundings {
  readonly platform: NodeJS.Platform
  /** Absolute. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A program that starts MCP servers by a command, and how it is configured. */
export interface ClientApplication {
  /** As `--client` takes it. */
  readonly name: string
  readonly title: string
  /** Where its servers are. */
  readonly section: 'mcpServers' | 'servers'
  /** Whether an entry says `"type": "stdio"`. */
  readonly isTyped: boolean
  /** Its configuration file for all projects of a user. */
  readonly file: (where: Surroundings) => string
  /** What is there where the program is in use. */
  readonly traces: (where: Surroundings) => readonly string[]
}

/** The clients that `client setup` knows. Each reads JSON; VS Code with comments and trailing commas. */
export const CLIENT_APPLICATIONS: readonly ClientApplication[] = [
  {
    name: 'claude-desktop',
    title: 'Claude Desktop',
    section: 'mcpServers',
    isTyped: false,
    file: (where) => inApplicationData(where, 'Claude', 'claude_desktop_config.json'),
    traces: (where) => [inApplicationData(where, 'Claude')],
  },
  {
    name: 'claude-code',
    title: 'Claude Code',
    section: 'mcpServers',
    isTyped: true,
    file: (where) => pathOf(where).join(where.env['CLAUDE_CONFIG_DIR'] ?? where.home, '.claude.json'),
    traces: (where) => [
      pathOf(where).join(where.env['CLAUDE_CONFIG_DIR'] ?? where.home, '.claude.json'),
      where.env['CLAUDE_CONFIG_DIR'] ?? pathOf(where).join(where.home, '.claude'),
    ],
  },
  {
    name: 'vscode',
    title: 'VS Code',
    section: 'servers',
    isTyped: true,
    file: (where) => inApplicationData(where, 'Code', 'User', 'mcp.json'),
    traces: (where) => [inApplicationData(where, 'Code', 'User')],
  },
  {
    name: 'cursor',
    title: 'Cursor',
    section: 'mcpServers',
    isTyped: true,
    file: (where) => pathOf(where).join(where.home, '.cursor', 'mcp.json'),
    traces: (where) => [pathOf(where).join(where.home, '.cursor')],
  },
]

/** Where programs with windows keep what belongs to a user. */
function inApplicationData(where: Surroundings, ...names: readonly string[]): string {
  const { platform, home, env } = where
  const { join } = pathOf(where)
  if (platform === 'win32') return join(env['APPDATA'] ?? join(home, 'AppData', 'Roaming'), ...names)
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', ...names)
  const base = env['XDG_CONFIG_HOME']
  return join(base?.startsWith('/') === true ? base : join(home, '.config'), ...names)
}

function pathOf({ platform }: Surroundings): typeof posix {
  return platform === 'win32' ? win32 : posix
}
