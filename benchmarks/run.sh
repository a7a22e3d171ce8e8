#!/usr/bin/env bash
# `make bench [ROWS=1000000] [ROUNDS=3]`: installs the peers, starts what is missing, measures, writes RESULTS.md.
set -eu
cd "$(dirname "$0")/.."
bash benchmarks/peers.sh
exec .venv/bin/python benchmarks/run.py --rows "${ROWS:-200000}" --rounds "${ROUNDS:-2}" "$@"
