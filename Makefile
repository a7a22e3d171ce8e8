# Every target does its own set-up. `make demo` and `make test` are all a newcomer needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV := UV_SYSTEM_CERTS=1 $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types imports generated services pytest bench soak fuzz generate pin clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/uv:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	@echo "Installing into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/uv
	@$(INSTALL) --editable '.[airflow]'
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/uv
	@$(INSTALL) --editable '.[airflow,test]'
	@touch $@ $(VENV)/.run

setup: $(VENV)/.run  ## Install the gateway into .venv

demo: $(VENV)/.run  ## Watch sample provinces reach a stand-in headquarters, with receipts
	@$(BIN)/ecqs demo

test: check services pytest  ## Lint, types, import contracts, generated files, and all tests

check: lint types imports generated  ## Everything in `make test` that runs no test

lint: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

types: $(VENV)/.test
	@$(BIN)/mypy
	@$(BIN)/mypy verifier/ecqs_verify.py

imports: $(VENV)/.test
	@$(BIN)/lint-imports --no-cache

generated: $(VENV)/.test  ## Are the generated files (XSD, JSON Schema, reference) up to date?
	@$(BIN)/ecqs generate --check

generate: $(VENV)/.test  ## Write the generated files anew
	@$(BIN)/ecqs generate

services: $(VENV)/.test
	@bash tests/services.sh

pytest: $(VENV)/.test
	@set -a; [ ! -f var/test-services/env ] || . var/test-services/env; set +a; $(BIN)/pytest -q -n 2 --dist loadgroup $(PYTEST)

bench: $(VENV)/.test  ## Measure against peers, side by side in one run (installs the peers into .venv-bench)
	@bash benchmarks/run.sh

soak: services  ## Run the fault programs with their full figures (40 minutes); FAULT=F4 runs one
	@set -a; [ ! -f var/test-services/env ] || . var/test-services/env; set +a; $(BIN)/python tests/support/soak_run.py $(FAULT)

fuzz: $(VENV)/.test  ## Try the mapping language with 100,000 random and some hundred hostile texts; writes docs/reference/fuzz.md
	@$(BIN)/python tests/support/fuzz_run.py

pin: | $(BIN)/uv  ## Resolve the newest versions pyproject.toml allows into constraints.txt
	@$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.11 --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --upgrade --quiet --output-file constraints.txt

clean:  ## Remove the demo's data; sources, pins and .venv stay
	@rm -rf .demo var
