import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A wire to a port of this machine that can be cut. */
export interface TcpProxy {
  readonly port: number
  /** Nothing gets through any more in either direction, and nobody is told. */
  silence(): void
  /** Whatever gets through takes so many ms longer, in either direction. */
  slow(ms: number): void
  /** All connections break, and no other is taken. */
  cut(): void
  /** As before, for connections to come. */
  mend(): Promise<void>
  /** All connections break, and the next go to another port. */
  redirect(to: number): void
  close(): void
}

/** Starts a wire to 127.0.0.1. */
export async function startTcpProxy(to: number): Promise<TcpProxy> {
  let target = to
  const sockets = new Set<Socket>()
  let isSilent = false
  let delay = 0
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => undefined)
      one.once('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      const write = inOrder((chunk) => other.write(chunk))
      one.on('data', (chunk: Buffer) => {
        if (!isSilent) write(chunk, delay)
      })
    }
  })
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('no port')
    return address.port
  }
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const port = await listen(0)
  return {
    port,
    slow(ms) {
      delay = ms
    },
    silence() {
      isSilent = true
    },
    cut() {
      server.close()
      breakAll()
    },
    async mend() {
      isSilent = false
      delay = 0
      breakAll()
      if (!server.listening) await listen(port)
    },
    redirect(next) {
      target = next
      breakAll()
    },
    close() {
      server.close()
      breakAll()
    },
  }
}

/** Writes each chunk after its delay, and never before one that came first. */
function inOrder(write: (chunk: Buffer) => void): (chunk: Buffer, delay: number) => void {
  const waiting: { readonly chunk: Buffer; readonly due: number }[] = []
  const next = (): void => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const left = first.due - performance.now()
      if (left > 0) return void setTimeout(next, Math.ceil(left))
      waiting.shift()
      write(first.chunk)
    }
  }
  return (chunk, delay) => {
    waiting.push({ chunk, due: performance.now() + delay })
    if (waiting.length === 1) next()
  }
}
