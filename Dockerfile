# One image for the five services and for the set-up of MongoDB; the command chooses which one runs.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /keyport
ENV CI=true NX_DAEMON=false
COPY . .
RUN npm ci --no-audit --no-fund
RUN npx nx run-many -t build && node tools/build/src/build.mjs tools/stack set-up-docker-mongod \
    && node tools/build/src/build.mjs tools/stack make-docker-callout-key
# The bundles hold our own code; what stays outside them is in these workspaces' packages.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
      -w @keyport/gateway -w @keyport/auth -w @keyport/import -w @keyport/export -w @keyport/records \
    && rm -rf apps/e2e apps/*/src

FROM ${NODE_IMAGE}
WORKDIR /keyport
ENV NODE_ENV=production
# As the local stack starts the apps (tools/stack, app-plans.ts says why).
ENV NODE_OPTIONS="--enable-source-maps --max-semi-space-size=2"
ENV MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072 MALLOC_ARENA_MAX=2
COPY --from=build /keyport/package.json ./
COPY --from=build /keyport/node_modules ./node_modules
COPY --from=build /keyport/apps ./apps
COPY --from=build /keyport/tools/stack/package.json ./tools/stack/
COPY --from=build /keyport/tools/stack/dist ./tools/stack/dist
COPY --from=build /keyport/docker/health ./docker/health
# Volumes that are new take these folders' owner.
RUN mkdir -p /callout/seed /callout/conf && chmod 700 /callout/seed && chown -R node:node /callout
USER node
CMD ["node", "--max-semi-space-size=8", "--max-old-space-size=1000", "apps/gateway/dist/main.js"]
