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

# HOST is beyond loopback, so the service starts closed: ADMIN_KEYS has a key, or `node src/main.ts keys create` makes one.
ENV ENVIRONMENT=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data \
    MALLOC_ARENA_MAX=2 \
    NODE_COMPILE_CACHE=/home/node/.cache/upfile
# This user has a home in /etc/passwd, which the service's own PostgreSQL needs.
USER node
# The root file system may be read-only for the service: what Node compiles is kept now. It is kept for each user apart.
RUN node src/main.ts --version && node --input-type=module --eval "import { globSync } from 'node:fs'; import { resolve } from 'node:path'; \
    for (const file of globSync('{migrations,src}/**/*.ts', { exclude: ['src/main.ts'] })) await import(resolve(file))"
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=8s --start-period=60s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthcheck/').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# V8 would take 64 MiB more for young objects, and no request would be answered sooner (docs/decisions/0022).
CMD ["node", "--max-semi-space-size=16", "src/main.ts", "serve"]
