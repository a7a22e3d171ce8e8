#!/usr/bin/env bash
# Installs the peers into virtual environments of their own, so that nothing of them comes near the gateway's.
# What cannot be installed is said and left out; the benchmark goes on without it.
set -u
cd "$(dirname "$0")/.."
venv=.venv-bench
uv=$PWD/.venv/bin/uv
mkdir -p "$venv"

peer() {  # name, then packages
  local name=$1; shift
  [ -f "$venv/$name.ready" ] && return
  echo "Installing $name into $venv/$name (once) ..."
  if "$uv" venv --quiet --python .venv/bin/python "$venv/$name" \
    && "$uv" pip install --quiet --compile-bytecode --python "$venv/$name/bin/python" "$@" 2> "$venv/$name.log"; then
    touch "$venv/$name.ready"
  else
    echo "  $name cannot be installed here (see $venv/$name.log); it is left out."
  fi
}

peer naive psycopg2-binary pydantic lxml paramiko cryptography python-stdnum
peer dlt 'dlt[filesystem,parquet]' 'sqlalchemy>=2,<2.1' psycopg2-binary connectorx pyarrow
peer sling sling==1.4.11 sling-linux-amd64==1.4.11
peer tap meltanolabs-tap-postgres
peer target target-jsonl
peer reladiff reladiff psycopg2-binary
