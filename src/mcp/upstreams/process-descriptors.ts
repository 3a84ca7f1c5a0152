import { readdirSync, readFileSync } from 'node:fs'

/** `O_CLOEXEC` of Linux, as proc_pid_fdinfo(5) shows it. */
const CLOSED_ON_EXEC = 0o2000000

/**
 * File descriptors beyond the first three that a child of ours would get, since whoever started us left them open: Node
 * opens its own so that none is passed on, and marks those that it finds, but stops looking at the first gap after 15.
 * Those never change. None where there is no `/proc`.
 */
export function inheritedDescriptors(): readonly number[] {
  return descriptors().filter((descriptor) => descriptor > 2 && isPassedOn(descriptor))
}

function descriptors(): readonly number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number)
  } catch {
    return []
  }
}

function isPassedOn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0
  } catch {
    return false
  }
}
