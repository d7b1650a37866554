# Two commands need nothing but Python >= 3.11, git and make: `make demo` and `make test`.
# Each makes its own environment in .venv from a hash-pinned lock file, once.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## Show the commands
	@grep -E '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: $(VENV)/.ready ## Show the whole product offline (ARGS=--exit: end by itself)
	@$(BIN)/monitor demo $(ARGS)

run: $(VENV)/.ready ## Run the daemon with the shipped configuration
	@$(BIN)/monitor run --config config/monitor.toml $(ARGS)

test: check pytest ## Everything CI runs: lint, types, import contracts, tests, doc tests

check: $(VENV)/.ready-dev ## Lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pytest: $(VENV)/.ready-dev ## The tests, with coverage (ARGS goes to pytest)
	$(BIN)/pytest -n 2 --cov --cov-report=term:skip-covered $(ARGS)

mutants: $(VENV)/.ready-dev ## Mutation testing of the pure modules (slow; not part of CI)
	$(BIN)/python benchmarks/mutants.py $(ARGS)

guarantees: $(VENV)/.ready-dev ## Kill the daemon at every named step and write what was found into docs/guarantees.md
	$(BIN)/python -m tests.crash.guarantees

bench-deliver: $(VENV)/.ready-dev ## Deliveries for each CPU second beside bare clients; a dead endpoint; 100,000 waiting
	@$(BIN)/python benchmarks/deliver.py $(ARGS)

bench-parse: $(VENV)/.ready-dev ## What a changed feed costs to parse (ARGS=--corpora FOLDER)
	@$(BIN)/python benchmarks/parse.py $(ARGS)

bench-cadence: $(VENV)/.ready-dev ## Simulate ways to plan polls at equal requests, on real rates (needs the corpora)
	@$(BIN)/python benchmarks/cadence.py $(ARGS)

bench-backtest: $(VENV)/.ready-dev ## One topic over 100,000 stored items, with the archive index and without
	@$(BIN)/python benchmarks/backtest.py $(ARGS)

bench-poll: $(VENV)/.ready-dev ## CPU, memory and latency of polling beside a floor, a plain loop and reader
	@$(BIN)/python benchmarks/poll.py $(ARGS)

bench-hostile: $(VENV)/.ready-dev ## A hundred good feeds among twelve hostile ones
	@$(BIN)/python benchmarks/hostile.py $(ARGS)

bench-soak: $(VENV)/.ready-dev ## The daemon for ten minutes with a fifth of its feeds hostile
	@$(BIN)/python benchmarks/soak.py $(ARGS)

bench-stories: $(VENV)/.ready-dev ## Cost and quality of finding an item's story (ARGS="--fnc FOLDER --uci FILE")
	@$(BIN)/python benchmarks/stories.py $(ARGS)

bench-match: $(VENV)/.ready-dev ## Raw text to hits at 100 to 100,000 topics, beside the naive ways (ARGS=--quick)
	@$(BIN)/python benchmarks/match.py $(ARGS)

bench-surge: $(VENV)/.ready-dev ## False alarms, recall and delay of surges beside two other rules
	@$(BIN)/python benchmarks/surge.py $(ARGS)

bench-oracle: $(VENV)/.ready-dev ## Hits beside those of an evaluator and of FTS5, query by query (needs the corpora)
	@$(BIN)/python benchmarks/oracle.py $(ARGS)

format: $(VENV)/.ready-dev ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.ready-dev ## Resolve the lock files anew
	$(BIN)/python -m pip install --quiet uv
	printf 'hatchling\neditables\n' > $(VENV)/build.in
	$(BIN)/uv pip compile --universal --upgrade --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --no-emit-find-links --quiet -o requirements.lock pyproject.toml $(VENV)/build.in
	$(BIN)/uv pip compile --universal --upgrade --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --no-emit-find-links --quiet --extra dev -o requirements-dev.lock pyproject.toml $(VENV)/build.in

clean: ## Remove the environment and all caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage* htmlcov build dist

INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
OURSELVES = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

$(VENV)/.ready: requirements.lock pyproject.toml | $(VENV)/.made
	@echo "Setting up $(VENV) (once) ..."
	@$(INSTALL) -r requirements.lock
	@$(OURSELVES)
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock pyproject.toml | $(VENV)/.made
	@echo "Setting up $(VENV) for development (once) ..."
	@$(INSTALL) -r requirements-dev.lock
	@$(OURSELVES)
	@touch $@ $(VENV)/.ready

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing python3-venv ..."; apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; \
	  else echo "Python's venv module is missing. Run this, then try again:  sudo apt install python3-venv"; exit 1; fi; }
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

.PHONY: help demo run test check pytest mutants guarantees bench-deliver bench-parse bench-cadence bench-poll bench-hostile bench-soak bench-stories bench-surge bench-match bench-oracle format lock clean
