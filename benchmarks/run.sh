#!/usr/bin/env bash
# `make bench [ROWS=1000000] [ROUNDS=3]`: installs the peers, starts what is missing, measures, writes RESULTS.md and RECONCILE.md.
set -eu
cd "$(dirname "$0")/.."
bash benchmarks/peers.sh
.venv/bin/python benchmarks/run.py --rows "${ROWS:-200000}" --rounds "${ROUNDS:-2}" "$@"
exec .venv/bin/python benchmarks/reconcile.py --rows "${ROWS:-200000}" --rounds "${ROUNDS:-2}"
