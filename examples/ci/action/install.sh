#!/usr/bin/env bash
# Makes conngen ready: a version of npm where VERSION names one, else the checkout of the action.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)' ||
  fail "conngen needs Node 20.19 or later, or 22.12 or later; this is $(node --version). Put actions/setup-node before this step."

if [[ -n $VERSION ]]; then
  # A version or a tag; not a path or an address of something else.
  [[ $VERSION =~ ^[0-9A-Za-z.^~-]+$ ]] || fail "version: got \"$VERSION\", expected a version such as 0.1.0"
  place=$RUNNER_TEMP/conngen
  mkdir -p "$place"
  npm install --prefix "$place" --no-audit --no-fund --no-save --loglevel=error "conngen@$VERSION"
  output conngen "$place/node_modules/conngen/bin/conngen.js"
else
  # Builds it, too.
  [[ -f $GITHUB_ACTION_PATH/dist/cli/main.js ]] ||
    (cd "$GITHUB_ACTION_PATH" && npm ci --no-audit --no-fund --loglevel=error)
  output conngen "$GITHUB_ACTION_PATH/bin/conngen.js"
fi
