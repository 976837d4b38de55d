#!/usr/bin/env bash
# Makes .venv and installs this project with its pinned requirements: `install.sh run` for using it, `install.sh dev` for working on it.
# Does nothing when that was done before and no requirement has changed since.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-run}
case $kind in
  run) requirements=requirements.txt ;;
  dev) requirements=requirements-dev.txt ;;
  *) echo "usage: scripts/install.sh run|dev" >&2; exit 2 ;;
esac

digest=$(cat pyproject.toml requirements.txt requirements-dev.txt scripts/install.sh | cksum | cut -d' ' -f1)
stamp() { echo ".venv/.installed-$1-$digest"; }
if [ -e "$(stamp "$kind")" ] || [ -e "$(stamp dev)" ]; then exit 0; fi
started=$(date +%s)

python=""
for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
  if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
  echo "install: Python 3.11 or newer was not found; install it, or name it: PYTHON=/path/to/python3 make ..." >&2
  exit 1
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
if command -v uv > /dev/null; then uv=uv; else
  [ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
  uv=.venv/bin/uv
fi
export VIRTUAL_ENV=$PWD/.venv

# torch: on Linux without a GPU the CPU build saves gigabytes. A local wheel first, then PyTorch's own CPU index, else what the registry has.
torch=$(grep -E '^torch==' requirements.txt)
torch=${torch%% *}
options=()
has() { "$uv" pip install --quiet --dry-run --reinstall --no-deps "$@" "$torch" 2> /dev/null; }
if [ -n "${PIP_FIND_LINKS:-}" ] && has --no-index --find-links "$PIP_FIND_LINKS"; then
  options=(--find-links "$PIP_FIND_LINKS")
elif [ "$(uname -s)" = Linux ] && ! command -v nvidia-smi > /dev/null; then
  if UV_HTTP_TIMEOUT=10 UV_HTTP_RETRIES=0 has --torch-backend cpu; then
    options=(--torch-backend cpu)
  else
    echo "install: PyTorch's CPU build cannot be reached from here; installing the registry's build, which may bring about 3 GB of GPU libraries" >&2
  fi
fi

echo "install: $requirements into .venv ..." >&2
"$uv" pip install --quiet ${options[@]+"${options[@]}"} --requirement "$requirements"
"$uv" pip install --quiet --no-deps --editable .
echo "${options[@]+"${options[@]}"}" > .venv/.torch-options  # the wheel's test installs the same torch
rm -f .venv/.installed-*
touch "$(stamp "$kind")"
echo "install: done in $(($(date +%s) - started)) s" >&2
