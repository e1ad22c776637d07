# The operator in an image of its own: `npm run image`, or with a Docker engine
#   docker build -t ado/operator:0.1.0 .
# A registry of your own for npm, and a certificate authority of your own, are given as secrets and stay out of it:
#   docker build --secret id=npmrc,src=$HOME/.npmrc --secret id=ca,src=ca.pem -t ado/operator:0.1.0 .
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca,target=/run/secrets/ca \
    NODE_EXTRA_CA_CERTS=/run/secrets/ca npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npm cache clean --force
COPY operator/src operator/src
COPY operator/hack/bundle.ts operator/hack/bundle.ts
COPY operator/hack/bundle operator/hack/bundle
# What the last stage holds: the bundles, the Node of the lock file with the libraries that it names, and a user.
RUN set -eu; \
    export PATH=/src/node_modules/.bin:$PATH; \
    node operator/hack/bundle.ts; \
    mkdir -p /root-of-image/app /root-of-image/etc /root-of-image/usr/bin; \
    mkdir -m 1777 /root-of-image/tmp; \
    cp dist/operator.mjs dist/operator.mjs.map dist/artifacts.mjs dist/artifacts.mjs.map /root-of-image/app/; \
    cp dist/http-task.mjs dist/http-task.mjs.map /root-of-image/app/; \
    cp -L node_modules/.bin/node /root-of-image/usr/bin/node; \
    ldd /root-of-image/usr/bin/node | grep -o '/[^ ]*' | while read -r library; do \
      mkdir -p "/root-of-image$(dirname "$library")"; cp -L "$library" "/root-of-image$library"; \
    done; \
    echo 'ado:x:65532:65532:ado:/tmp:/nologin' > /root-of-image/etc/passwd; \
    echo 'ado:x:65532:' > /root-of-image/etc/group; \
    echo 'hosts: files dns' > /root-of-image/etc/nsswitch.conf; \
    /root-of-image/usr/bin/node /root-of-image/app/operator.mjs --help > /dev/null; \
    /root-of-image/usr/bin/node /root-of-image/app/artifacts.mjs --help > /dev/null

# No shell, no package manager: nothing in it but what the operator runs.
FROM scratch
COPY --from=build /root-of-image /
ENV NODE_ENV=production
USER 65532:65532
WORKDIR /app
EXPOSE 8081
STOPSIGNAL SIGTERM
# For engines that look at it; Kubernetes has the probes of config/operator/deployment.yaml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["/usr/bin/node", "--eval", "fetch('http://127.0.0.1:8081/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/bin/node", "/app/operator.mjs"]
