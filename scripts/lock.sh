#!/usr/bin/env bash
# Writes requirements.txt and requirements-dev.txt: exact versions for every platform, no index addresses.
# torch's GPU libraries are left out on purpose: whichever torch build is installed brings its own (see install.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  env -u UV_FIND_LINKS uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url --upgrade "$@" |
    grep -vE '^(nvidia-|cuda-|triton)'
}
compile pyproject.toml > requirements.txt
compile pyproject.toml --group dev --constraint requirements.txt > requirements-dev.txt
