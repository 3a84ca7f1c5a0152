import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLIENT_APPLICATIONS, type Surroundings } from '../../src/cli/client-applications.ts'

function filesOn(where: Surroundings): Record<string, string> {
  return Object.fromEntries(CLIENT_APPLICATIONS.map(({ name, file }) => [name, file(where)]))
}

test('the configuration of each client is where it is on Linux, macOS and Windows', () => {
  assert.deepEqual(filesOn({ platform: 'linux', home: '/home/eva', env: {} }), {
    'claude-desktop': '/home/eva/.config/Claude/claude_desktop_config.json',
    'claude-code': '/home/eva/.claude.json',
    vscode: '/home/eva/.config/Code/User/mcp.json',
    cursor: '/home/eva/.cursor/mcp.json',
  })
  assert.deepEqual(
    filesOn({ platform: 'darwin', home: '/Users/eva', env: { XDG_CONFIG_HOME: '/elsewhere' } }),
    {
      'claude-desktop': '/Users/eva/Library/Application Support/Claude/claude_desktop_config.json',
      'claude-code': '/Users/eva/.claude.json',
      vscode: '/Users/eva/Library/Application Support/Code/User/mcp.json',
      cursor: '/Users/eva/.cursor/mcp.json',
    },
  )
  const env = { APPDATA: 'D:\\Roaming' }
  assert.deepEqual(filesOn({ platform: 'win32', home: 'C:\\Users\\eva', env }), {
    'claude-desktop': 'D:\\Roaming\\Claude\\claude_desktop_config.json',
    'claude-code': 'C:\\Users\\eva\\.claude.json',
    vscode: 'D:\\Roaming\\Code\\User\\mcp.json',
    cursor: 'C:\\Users\\eva\\.cursor\\mcp.json',
  })
})

test('variables of the user count where the programs themselves honour them', () => {
  const env = { XDG_CONFIG_HOME: '/x', CLAUDE_CONFIG_DIR: '/c' }
  const files = filesOn({ platform: 'linux', home: '/home/eva', env })
  assert.equal(files['vscode'], '/x/Code/User/mcp.json')
  assert.equal(files['claude-code'], '/c/.claude.json')
  assert.equal(
    filesOn({ platform: 'linux', home: '/home/eva', env: { XDG_CONFIG_HOME: 'relative' } })['vscode'],
    '/home/eva/.config/Code/User/mcp.json',
  )
})
