# The server in an image: no compiler, no sources, no package manager's scripts; needs no root and writes to its volumes only.
# See docker-compose.yml for how it is meant to run.

# Dependencies run no install scripts here: none needs one, and the development dependency "node" would fetch a second Node.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM node:24-bookworm-slim
ENV NODE_ENV=production
ENV SALLYPORT_CONFIG=/var/lib/sallyport/sallyport.yaml
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json *.schema.json ./
COPY src/cli/launch.js src/cli/
# An empty volume takes owner, mode and content of the directory that it is mounted on. The first command refuses a Node that
# is too old, and so ends the build.
RUN node src/cli/launch.js --version \
 && ln -s /app/src/cli/launch.js /usr/local/bin/sallyport \
 && install -d -o node -g node -m 0700 /var/lib/sallyport /var/lib/sallyport/certs /mnt/published /mnt/redis \
 && node -e 'import("/app/dist/config/default-config.js").then((m) => fs.writeFileSync(process.env.SALLYPORT_CONFIG, m.defaultConfig()))' \
 && chown node:node "$SALLYPORT_CONFIG"

# The user "node" by number, so that an orchestrator can see that it is not root.
USER 1000:1000
EXPOSE 8443 8444
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "-e", \
  "require('node:http').get('http://127.0.0.1:' + (process.env.SALLYPORT_OPERATIONS_PORT || 9464) + '/healthz', (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "src/cli/launch.js", "serve"]
