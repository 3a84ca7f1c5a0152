import { once } from 'node:events'
import { chmod, chown, lstat, mkdir, unlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { errnoOf, SallyportError } from '../errors.ts'
import type { Issuer } from '../http/issuer.ts'
import { withFileLock } from '../pki/file-lock.ts'
import { linesOf, parseRequest, type IssuerReply, type IssuerRequest } from './issuer-message.ts'

/** At once; who asks does so on a connection of its own, for a moment. */
const MOST_CONNECTIONS = 64
/** A connection on which nothing happens for so long is closed, in ms. */
const IDLE = 10_000
/** Longest path of a Unix socket on every system that we run on, in bytes. */
const LONGEST_PATH = 103

/** Where an issuer listens. */
export interface IssuerSocketOptions {
  readonly path: string
  /** The group whose members may connect as well; nobody else may. */
  readonly group?: number
  readonly issuer: Issuer
  /** The root certificate, PEM. */
  readonly root: string
}

/** A socket that is listening. */
export interface IssuerSocket {
  /** Lets what was asked be answered, and stops. */
  close(): Promise<void>
}

/**
 * Listens for requests on a Unix socket that only its owner may connect to, or a group.
 *
 * Whoever can connect is believed in what TLS has proved to him: the rights of the socket are the lock on the issuer.
 * The socket of a process that is gone is replaced; where one answers, two issuers would only wait for each other.
 *
 * @throws SallyportError `REFUSED` if somebody listens there, `CONFIGURATION_INVALID` for a path that cannot be one
 */
export async function listenForIssuing(options: IssuerSocketOptions): Promise<IssuerSocket> {
  const { path } = options
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw invalid(
      `${path} is too long for a Unix socket (${LONGEST_PATH} bytes): set issuer.socket to a shorter path`,
    )
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  return await withFileLock(path, async () => {
    await removeDead(path)
    const open = new Set<Connection>()
    // Who has asked may close his side and wait.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const connection = { socket, busy: false }
      open.add(connection)
      socket.once('close', () => open.delete(connection))
      attend(connection, async () => await answerAll(connection, server, options))
    })
    server.maxConnections = MOST_CONNECTIONS
    await listening(server, options)
    return { close: async () => await close(server, open) }
  })
}

async function removeDead(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  // A file of somebody refuses connections, too, and is not ours to remove.
  const answer = found.isSocket() ? await answered(path) : 'not a socket'
  if (answer === 'ECONNREFUSED') return await unlink(path)
  if (answer === 'connected') throw new SallyportError('REFUSED', `an issuer listens at ${path} already`)
  throw invalid(
    `${path} cannot be listened at (${answer}): set issuer.socket to another path, or remove what is there`,
  )
}

/** `connected`, or the code of the error. */
async function answered(path: string): Promise<string> {
  const socket = connect({ path })
  try {
    await once(socket, 'connect')
    return 'connected'
  } catch (error) {
    return errnoOf(error)
  } finally {
    socket.destroy()
  }
}

/** The socket is for its owner alone from its first moment on. */
async function listening(server: Server, { path, group }: IssuerSocketOptions): Promise<void> {
  const before = process.umask(0o177)
  try {
    server.listen(path)
    await once(server, 'listening')
  } catch (cause) {
    const code = errnoOf(cause)
    throw invalid(`${path} cannot be listened at (${code}): check the folder and its rights`)
  } finally {
    process.umask(before)
  }
  if (group === undefined) return
  await chown(path, process.getuid?.() ?? -1, group)
  await chmod(path, 0o660)
}

interface Connection {
  readonly socket: Socket
  busy: boolean
}

function attend(connection: Connection, answer: () => Promise<void>): void {
  const { socket } = connection
  socket.on('error', () => socket.destroy())
  socket.setTimeout(IDLE, () => {
    if (!connection.busy) socket.destroy()
  })
  void answer()
    .catch(() => undefined)
    .finally(() => socket.destroy())
}

/** One request after another, until the other side ends, sends what is no request, or the server stops. */
async function answerAll(
  connection: Connection,
  server: Server,
  options: IssuerSocketOptions,
): Promise<void> {
  for await (const line of linesOf(connection.socket)) {
    const request = parseRequest(line)
    if (request === undefined) return
    connection.busy = true
    await written(connection.socket, await replyTo(request, options))
    connection.busy = false
    if (!server.listening) return
  }
}

async function written(socket: Socket, reply: IssuerReply): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.write(`${JSON.stringify(reply)}\n`, () => resolve())
  await promise
}

async function replyTo(request: IssuerRequest, { issuer, root }: IssuerSocketOptions): Promise<IssuerReply> {
  const { id } = request
  switch (request.op) {
    case 'renew':
      return { id, ...(await issuer.renew(request.certificate, request.request)) }
    case 'enroll':
      return { id, ...(await issuer.enroll(request.token, request.request)) }
    case 'root':
      return { id, kind: 'root', certificate: root }
  }
}

async function close(server: Server, open: ReadonlySet<Connection>): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  for (const { socket, busy } of open) if (!busy) socket.destroy()
  await closed
}

function invalid(problem: string): SallyportError {
  return new SallyportError('CONFIGURATION_INVALID', problem)
}
