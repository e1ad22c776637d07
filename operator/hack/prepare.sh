#!/bin/sh
# Installs the locked npm dependencies, among them the Node 24 that every script here runs on, unless they are
# already those of package-lock.json. npm puts node_modules/.bin first on the PATH, so the `node` that a script
# calls after this one is ours, whatever the machine has.
set -eu
cd "$(dirname "$0")/../.."
if cmp -s package-lock.json node_modules/.ado-lock 2>/dev/null; then exit 0; fi
echo "Installing the npm dependencies (about 10 s, the first time only) ..." >&2
npm ci --no-audit --no-fund --loglevel=error >&2
cp package-lock.json node_modules/.ado-lock
