# Everything a person does with this repository. Needs Python 3.11 or newer and make; all else comes into .venv,
# pinned by hash (requirements/*.txt). Every target may be run again at any time.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SLOW := PYTHONPATH=tests $(BIN)/python -m slow
LOCK_BIN := .venv-lock/bin
PIP_TOOLS := pip-tools==7.6.2
# Every pin with its hashes, and nothing that names the index they came from.
COMPILE := $(LOCK_BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check static gate bench bench-peers fuzz soak chaos test-clients fix lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/installed-run ## install what serving needs, and serve (ARGS="--config FILE" for one of your own)
	$(BIN)/fastproxy serve $(ARGS)

test: .venv/installed-dev ## install what the tests need, and run them all (ARGS="-k name" for some)
	$(BIN)/pytest -n auto $(ARGS)

check: static test gate ## all that must hold before a commit: static, test, gate

static: .venv/installed-dev ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

gate: .venv/installed-dev ## the deterministic speed gate: Python calls and writes per request and event
	$(BIN)/python -m bench.gate_a

bench: .venv/installed-dev ## the whole benchmark: ratios, delays, memory, into bench/RESULTS.md (ARGS=--quick for 40 s)
	$(BIN)/python -m bench.run $(ARGS)

bench-peers: .venv/installed-dev ## LiteLLM, Portkey and llms beside the relay, where they install: ratios into bench/PEERS.md
	$(BIN)/python -m bench.peers

fuzz: .venv/installed-dev ## property tests with many more examples, then damaged bytes at a real relay (MINUTES=5, SEED=n)
	$(SLOW).fuzz $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(ARGS)

soak: .venv/installed-dev ## one relay under a mixed load: memory, files, loop lag, usage records (MINUTES=10, SEED=n)
	$(SLOW).soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(ARGS)

chaos: .venv/installed-dev ## relays killed while they renew, a login shared with its tool, for long (KILLS=100, TOOL_SECONDS=60)
	KILLS=$(or $(KILLS),100) TOOL_SECONDS=$(or $(TOOL_SECONDS),60) $(BIN)/pytest -o faulthandler_timeout=0 $(ARGS) tests/e2e/test_account_kills.py tests/e2e/test_account_sharing.py

test-clients: .venv/installed-dev ## real command line clients from npm through the relay, cut off from every network
	$(SLOW).clients

fix: .venv/installed-dev ## let ruff mend format and lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## choose newest versions anew and write requirements/*.txt
	$(PYTHON) -m venv .venv-lock
	$(LOCK_BIN)/python -m pip --disable-pip-version-check --quiet install $(PIP_TOOLS)
	$(COMPILE) --upgrade --extra dev --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --upgrade --constraint requirements/dev.txt --output-file requirements/run.txt pyproject.toml
	$(COMPILE) --upgrade --constraint requirements/dev.txt --output-file requirements/build.txt requirements/build.in

clean: ## remove what these targets have made, the environment included
	rm -rf .venv .venv-lock .clients .peers fuzz-failures .hypothesis .mypy_cache .pytest_cache .ruff_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/pip:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fastproxy needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/installed-run: .venv/pip requirements/build.txt requirements/run.txt pyproject.toml
	$(PIP) install --require-hashes --requirement requirements/build.txt --requirement requirements/run.txt
	$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

.venv/installed-dev: .venv/installed-run requirements/dev.txt
	$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@
