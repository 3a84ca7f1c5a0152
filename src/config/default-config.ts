/** The configuration that `init` writes: every setting with its default, commented out. */
export function defaultConfig(): string {
  return `# yaml-language-server: $schema=./sallyport.schema.json
# How the server listens and where its files are. Every line below is a default: take the "#" away to change it.
# Relative paths start from the folder of this file. SALLYPORT_… variables win over it.
# The server reads this file when it starts; who may use what is in access.yaml.

# Names of principals live in it: spiffe://<trustDomain>/<kind>/<name>.
# trustDomain: sallyport.internal

# listeners:
#   certificates:                     # the door for client certificates
#     host: 127.0.0.1                 # 0.0.0.0 for all addresses
#     port: 8443
#     clientCertificate: required     # optional: one port for certificates and sessions
#   people:                           # the door for login sessions; "people: false" for none
#     host: 127.0.0.1
#     port: 8444
#   proxied: false                    # a door for proxies that end TLS and forward the client's certificate:
#                                     # { port: 8445, header: client-cert, proxies: [ "service:edge" ] }
#   operations:                       # plain HTTP: /healthz, /readyz, /metrics; "operations: false" for none
#     host: 127.0.0.1
#     port: 9464

# Names accepted in the Host header (beside localhost and this machine's name) and browser origins (beside our own).
# hosts: []
# origins: []
# publicUrl: false                  # or https://door.example: where browsers reach the door for people, for links to it

# tls:
#   certificate: certs/server/server.pem
#   key: certs/server/server.key.pem
#   minVersion: TLSv1.3               # or TLSv1.2
#   unsafeSessionTickets: false       # true: faster reconnects, and a revoked certificate may resume

# Whose client certificates are believed: those of our own CA, and those of others.
# trust:
#   own: true                         # false: only the bundles below
#   roots: certs/ca/root.pem
#   issuers: certs/ca/issuing.pem
#   revocationLists: certs/ca/crl.pem
#   bundles: []                       # CAs of others, as in:
#   # - name: corp
#   #   roots: trust/corp-root.pem
#   #   issuers: trust/corp-issuing.pem
#   #   revocationLists: trust/corp-crl.pem
#   #   trustDomains: [ corp.example ]  # its principals are called "corp.example/…", and nobody else's are
#   #   principal: { from: uri }        # or { from: dns, kind: service }, { from: email, kind: user },
#   #                                   # { from: subject, attribute: CN, kind: user }

# certificates: certs                 # folder of the local certificate authority
# authority:
#   revocationListUrl: false          # or http://pki.example/lists, where you publish root.crl and issuing.crl
#   publish: false                    # or a folder: certificates and revocation lists are copied there, no key of the CA
# issuer:
#   socket: data/issuer.sock          # of "sallyport issuer", which renews and enrols; "npm start" runs it
# access: access.yaml
# audit:                              # or the folder alone: "audit: data/audit"
#   directory: data/audit
#   largestFile: 67108864             # bytes; then the next file of the day
#   keyFile: data/audit-key           # keys the digests of arguments
#   signingKeyFile: data/audit-signing-key.pem
#   checkpoints:                      # signed: at most so many lines without one, and so long
#     lines: 1000
#     every: 10s
#   arguments: []                     # what of them is recorded, as in:
#   # - { tools: [ "notes_*" ], record: names }   # digest (the default), names, redacted, full
#   # - { tools: [ files_read ], record: redacted, keep: [ path ] }
#   anchors: []                       # where checkpoints are kept as well, so that a cut tail is found:
#                                     # { kind: file, path: /mnt/other/anchors.jsonl }, { kind: redis },
#                                     # { kind: syslog, url: "tls://logs.example:6514" }
#   sinks: []                         # where the lines go as well: redis, syslog,
#                                     # { kind: opentelemetry, url: "http://127.0.0.1:4318/v1/logs", required: true }

# Modules that export tools, prompts or resources of your own, as in [ tools/greet.ts ].
# tools: []

# MCP servers behind this one, as they stand in mcpServers of other clients. What is here and in pins takes effect at once.
# In env and headers \${NAME} stands for a variable, \${file:PATH} for a file, \${user:name} for what each user keeps here.
# upstreams: {}                       # as in:
#   # wiki:
#   #   url: https://wiki.internal/mcp
#   #   headers: { Authorization: "Bearer \${user:wiki-token}" }
#   #   permission: "wiki:{tool}"       # what its tools need
#   #   deny: [ "*_delete" ]
#   # files:
#   #   command: mcp-server-filesystem
#   #   args: [ /srv/share ]
#   #   sandbox: { read: [ /srv/share ], network: false }   # or user: NAME, container: { image: … }, trusted: true
# pins:
#   file: sallyport.lock.yaml         # the definitions that were approved: "npx sallyport lock"
#   firstUse: refuse                  # trust: approve what an upstream lists for the first time

# sqlite:PATH for one machine; for several, which then must share SALLYPORT_SESSION_SECRET and SALLYPORT_FACTOR_KEY:
# redis://HOST:6379, redis+sentinel://HOST:26379,HOST/MASTER or redis+cluster://HOST:6379,HOST ("rediss" for TLS).
# Better in SALLYPORT_STORE when there is a password in it: redis://USER:PASSWORD@HOST.
# store: sqlite:data/sallyport.db
# redis:
#   prefix: "sallyport:"              # what all keys and channels begin with
#   tls: {}                           # beside "rediss": { ca: redis/ca.pem, certificate: redis/we.pem, key: redis/we.key.pem }
#   sentinel: {}                      # where sentinels ask who we are: { user: sallyport, passwordFile: redis/sentinel }

# sessions:
#   secretFile: data/session-secret
#   idleTimeout: 30m
#   factorKeyFile: data/factor-key
#   absoluteTimeout: 12h
#   most: 20                          # at once, per user; the oldest ends
#   binding: none                     # address: good only from the address prefix of the login;
#                                     # certificate: only beside the client certificate of the login
#   deviceLogin: true                 # false: no "sallyport login --device"

# What one hash of a password costs (argon2id); who logs in after a change is hashed anew. Never less than this.
# passwords:
#   memory: 19456                     # KiB
#   passes: 2
#   parallelism: 1

# Failed logins. Guesses at one account are slowed down in any case.
# throttle:
#   perAddress: 100                   # in 15 minutes from one address; more where many people share one
#   perMinute: 300                    # in all, but for browsers in which the user logged in before

# What upstreams with "identity: token" are told of who calls, signed. /.well-known/jwks.json has the public keys.
# identity:
#   keyFile: data/identity-key        # several servers that upstreams know as one must share it
#   tokenLife: 60s                    # from 10s to 5m

# Each per principal, but for the size of a request body.
# limits:
#   bodyBytes: 4194304
#   requestsInFlight: 64
#   legacySessions: 32
#   requestsPerMinute: 6000

# Spans of requests, for whoever runs an OpenTelemetry collector; the variables OTEL_EXPORTER_OTLP_ENDPOINT,
# OTEL_SERVICE_NAME and OTEL_SDK_DISABLED win. Metrics need no setting: they are at the operations listener.
# telemetry:
#   serviceName: sallyport
#   traces:
#     endpoint: false                 # or http://127.0.0.1:4318/v1/traces (OTLP over HTTP)
#     sampleRatio: 1                  # share of the traces that begin here
#     principal: false                # true: spans say who calls
`
}
