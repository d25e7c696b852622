# conngen in a container. examples/docker/README.md says how to run it so that it measures the network and not the container.
#
#   docker build . -t conngen
#   docker run --rm --network host --security-opt seccomp=examples/docker/seccomp.json conngen client 192.0.2.10:80 --rate 1k

ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# Scripts of packages are not needed: koffi brings its library built, for each system as a package of its own.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# The image has what the package has: `files` of package.json.
RUN npm run build \
 && npm pack --ignore-scripts --silent \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && mkdir -p /out/opt/conngen \
 && tar -xzf conngen-*.tgz -C /out/opt/conngen --strip-components=1 --no-same-owner \
 && mv node_modules /out/opt/conngen/

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="conngen" \
      org.opencontainers.image.description="How many new TCP connections per second can this device, server or kernel take?" \
      org.opencontainers.image.source="https://github.com/conngen/conngen" \
      org.opencontainers.image.documentation="https://github.com/conngen/conngen/blob/main/docs/guide/packages.md" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# conngen installs nothing while it runs: no package manager is left.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
 && ln -s /opt/conngen/bin/conngen.js /usr/local/bin/conngen \
 && install -d -o 65532 -g 65532 /results
COPY --from=build /out /
ENV NODE_ENV=production
# No account of the image and of few hosts: files that conngen writes into a mounted folder need `--user "$(id -u)"`.
USER 65532:65532
# Files that options name without a folder land here. Nothing else is written: the image runs with --read-only.
WORKDIR /results
ENTRYPOINT ["conngen"]
CMD ["--help"]
