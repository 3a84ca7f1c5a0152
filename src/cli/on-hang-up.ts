import { isatty } from 'node:tty'

/**
 * Tells apart the two meanings of SIGHUP: an operator wants files to be looked at, or the terminal is closed, and then
 * nobody wants to find the server still running.
 */
export function onHangUp(look: () => void, ended: () => void, over: AbortSignal): void {
  const hadTerminal = isatty(0)
  const hear = (): void => (hadTerminal && !isatty(0) ? ended() : look())
  process.on('SIGHUP', hear)
  over.addEventListener('abort', () => process.off('SIGHUP', hear))
}
