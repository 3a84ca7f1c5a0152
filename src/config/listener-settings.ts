import * as z from 'zod'
import { strict, text, whole } from './shapes.ts'

/** One address to listen on. Port 0 takes any free one. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** An address for proxies that end TLS: where they say whose certificate a request is of, and which are believed. */
export interface ProxiedEndpoint extends Endpoint {
  readonly header: 'client-cert' | 'x-forwarded-client-cert'
  /** Principals, as in `service:edge`. */
  readonly proxies: readonly string[]
}

/** What `listeners` says. */
export interface ListenerSettings {
  readonly certificates: Endpoint & { readonly clientCertificate: 'required' | 'optional' }
  readonly people: Endpoint | false
  readonly proxied: ProxiedEndpoint | false
  readonly operations: Endpoint | false
}

const host = text('a host name or IP address')
  .regex(
    /^(?:[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+)$/,
    'must be a host name or IP address without brackets and port',
  )
  .describe('Address to listen on; 0.0.0.0 or :: for all.')

const port = whole(0, 65_535).describe('TCP port; 0 takes any free one.')

const endpoint = (fallback: number, what: string) =>
  z
    .union([z.literal(false), strict({ host: host.default('127.0.0.1'), port: port.default(fallback) })], {
      error: 'must be a map of host and port, or false',
    })
    .default({ host: '127.0.0.1', port: fallback })
    .describe(what)

const proxy = text('a principal').regex(
  /^(?:service|agent|user):[a-z0-9][A-Za-z0-9._~+=@/-]*$/,
  'must be a principal such as "service:edge"',
)

const proxied = z
  .union(
    [
      z.literal(false),
      strict({
        host: host.default('127.0.0.1'),
        port: port.default(8445),
        header: z
          .enum(['client-cert', 'x-forwarded-client-cert'], 'must be client-cert or x-forwarded-client-cert')
          .describe(
            'Where the proxy puts the certificate: Client-Cert (RFC 9440) or X-Forwarded-Client-Cert (Envoy).',
          ),
        proxies: z
          .array(proxy, 'must be a list of principals')
          .min(1, 'must name at least one principal')
          .max(100, 'must be at most 100 principals')
          .describe('Who may speak for others here, by certificates of their own: [ "service:edge" ].'),
      }),
    ],
    { error: 'must be a map of host, port, header and proxies, or false' },
  )
  .default(false)
  .describe(
    'A door for named proxies that end TLS and forward the certificate of the client; off by default.',
  )

/** Validates the section `listeners`. */
export const listenersSchema: z.ZodType<ListenerSettings> = strict({
  certificates: strict({
    host: host.default('127.0.0.1'),
    port: port.default(8443),
    clientCertificate: z
      .enum(['required', 'optional'], 'must be required or optional')
      .default('required')
      .describe('"optional" also lets in callers without a certificate, who then need a session.'),
  })
    .prefault({})
    .describe('The door for services, agents and people with a client certificate.'),
  people: endpoint(
    8444,
    'The door for people with a login session; false for one port, with "optional" above.',
  ),
  proxied,
  operations: endpoint(9464, 'Plain HTTP for probes and metrics; false for none.'),
}).prefault({})
