# hie: `make demo` runs the hub from nothing, `make test` runs every test from nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CLIENTS := $(VENV)/clients/.installed

.PHONY: help setup demo test test-both check bench conformance security clean lock

help:            ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: $(STAMP)  ## set up the environment, from the pinned and hashed lock file

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q hie adapters
	@touch $(STAMP)

# Packages of npm for the tests, by the Node in the environment; without a network they are left out.
$(CLIENTS): tests/clients/package-lock.json | $(STAMP)
	$(BIN)/python -m tests.clients.install

demo: setup      ## run the hub on http://localhost:8000 with synthetic data
	@$(BIN)/hie demo

test: setup $(CLIENTS)  ## run every test
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

test-both: setup $(CLIENTS)  ## run every test on each of the two databases: half an hour
	HIE_TEST_DATABASES=sqlite,postgresql $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

check: setup     ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup     ## measure, as ratios to the machine's own limits
	$(BIN)/python -m tests.bench

conformance: setup  ## write the official R4 examples to a hub and read them back (fetched with npm)
	$(BIN)/python -m tests.r4 data/packages docs/conformance-r4.md

security: setup  ## prove who may see what: oracles with generated cases (hours; fewer by option)
	$(BIN)/python -m tests.security

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet pyproject.toml --group build
lock:            ## write the lock files anew (needs uv and an environment)
	$(LOCK) --group test -o requirements.lock
	$(LOCK) -c requirements.lock -o requirements-runtime.lock
	$(BIN)/python -m tests.clients.lock

clean:           ## remove the environment and the demo's data
	rm -rf $(VENV) data
