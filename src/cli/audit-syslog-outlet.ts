import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { connect as connectTls } from 'node:tls'
import type { Outlet, OutgoingLine } from '../audit/mirror.ts'
import { syslogFrame, syslogMessage } from '../audit/syslog-message.ts'
import type { SyslogSettings } from '../config/audit-settings.ts'
import { inTime } from '../store/in-time.ts'
import { VERSION } from '../version.ts'

/** How long a server may take to connect or to take what it is sent, in ms. */
const GIVEN_UP = 5000
/** A datagram cannot be longer; the end of a line that is, is cut off there. */
const LONGEST_DATAGRAM = 65_000

/**
 * Sends lines to a syslog server. Nobody answers there: over TCP and TLS they count as sent once the kernel has them, and
 * over UDP they may be lost.
 *
 * @param text what the message is
 */
export function syslogOutlet(settings: SyslogSettings, text?: (line: OutgoingLine) => string): Outlet {
  const origin = { facility: settings.facility, host: hostname(), version: VERSION }
  const messageOf = (line: OutgoingLine): string => syslogMessage(line, origin, text?.(line))
  const way = settings.url.startsWith('udp:') ? datagrams(settings) : frames(settings)
  return {
    name: `syslog ${settings.url}`,
    send: (lines) => way.send(lines.map(messageOf)),
    close: async () => way.close(),
  }
}

interface Way {
  send(messages: readonly string[]): Promise<void>
  close(): void
}

function placeOf({ url }: SyslogSettings): { readonly host: string; readonly port: number } {
  const { hostname: host, port } = new URL(url)
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}

/** RFC 5426: a message each. */
function datagrams(settings: SyslogSettings): Way {
  const { host, port } = placeOf(settings)
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4').unref()
  // What is sent is told where it is; beside that nobody waits for it.
  socket.on('error', () => undefined)
  return {
    async send(messages) {
      for (const message of messages) {
        const bytes = Buffer.from(message).subarray(0, LONGEST_DATAGRAM)
        await new Promise<void>((resolve, reject) => {
          socket.send(bytes, port, host, (error) => (error === null ? resolve() : reject(error)))
        })
      }
    },
    close: () => void socket.close(),
  }
}

/** RFC 6587 and RFC 5425: one connection, which is made anew when it is lost. */
function frames(settings: SyslogSettings): Way {
  let socket: Socket | undefined
  const connected = async (): Promise<Socket> => {
    if (socket?.writable === true) return socket
    socket?.destroy()
    socket = await connection(settings)
    // Whatever is said is not for us; that it ended is.
    socket.resume().on('error', () => undefined)
    socket.unref()
    return socket
  }
  return {
    async send(messages) {
      const target = await connected()
      try {
        await written(target, messages.map(syslogFrame).join(''))
      } catch (error) {
        target.destroy()
        throw error
      }
    },
    close: () => void socket?.end(),
  }
}

async function connection(settings: SyslogSettings): Promise<Socket> {
  const place = placeOf(settings)
  const isSecure = settings.url.startsWith('tls:')
  const socket = isSecure ? connectTls({ ...place, ...tlsFiles(settings) }) : connectTcp(place)
  try {
    await once(socket, isSecure ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(GIVEN_UP) })
    return socket
  } catch (error) {
    socket.on('error', () => undefined).destroy()
    throw error
  }
}

/** Read for every connection anew, so that they can be renewed. */
function tlsFiles({ ca, certificate, key }: SyslogSettings): Readonly<Record<string, Buffer>> {
  const files = { ca, cert: certificate, key }
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, path]) => (path === undefined ? [] : [[name, readFileSync(path)]])),
  )
}

async function written(socket: Socket, text: string): Promise<void> {
  const done = new Promise<void>((resolve, reject) => {
    socket.write(text, (error) => (error === undefined || error === null ? resolve() : reject(error)))
    socket.once('close', () => reject(new Error('the connection was closed')))
  })
  await inTime(GIVEN_UP, done)
}
