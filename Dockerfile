FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No package needs its install script here. The image has the Node that the project would install.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:24.21.0-bookworm-slim
WORKDIR /app
# A volume that Docker makes for one of these gets its owner.
RUN install -d -o node -g node -m 0700 /data /logs
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY api ./api
COPY migrations ./migrations
COPY src ./src
# The root file system may be read-only for the service: what it compiles is kept now.
RUN node --input-type=module --eval "import { enableCompileCache, flushCompileCache } from 'node:module'; \
    enableCompileCache('node_modules/.cache/upfile'); await import('./src/cli/start/runService.ts'); flushCompileCache()"

# AUTH is not set here: the operator has to accept that everyone who reaches the service may use it (AUTH=off).
ENV ENVIRONMENT=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
# This user has a home in /etc/passwd, which the service's own PostgreSQL needs.
USER node
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=8s --start-period=60s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthcheck/').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# V8 would take 64 MiB more for young objects, and no request would be answered sooner (docs/decisions/0022).
CMD ["node", "--max-semi-space-size=16", "src/main.ts", "serve"]
