# One verb per duty; `make install` makes .venv, and every other verb needs nothing but that.

PYTHON ?= python3
BIN := .venv/bin
export PREFECT_SERVER_ANALYTICS_ENABLED = false
export DO_NOT_TRACK = 1

# The environment's home, or else one inside the project that every run begins empty.
OWN_HOME := $(CURDIR)/.benson
RUN_HOME := $(or $(BENSON_HOME),$(OWN_HOME))

.PHONY: help install run stack test test-ui test-stack chaos fuzz mutation bench lint format types check clean

help: ## what there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: .venv/installed ## make .venv with everything that is needed here

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Benson needs Python 3.11 or newer; name one with PYTHON=..." >&2; exit 2; }
	@echo "making .venv (a minute or two)" >&2
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: install ## run the governed flow on the work orders in examples/
	@if [ "$(RUN_HOME)" = "$(OWN_HOME)" ]; then rm -rf "$(OWN_HOME)"; fi
	@BENSON_HOME="$(RUN_HOME)" $(BIN)/benson run examples/*.json

stack: install ## start PostgreSQL, Redis, Prefect's servers and WORKERS (2) on this machine
	@BENSON_HOME="$(or $(BENSON_HOME),$(CURDIR)/.benson-stack)" $(BIN)/python -m deployments.stack --workers $(or $(WORKERS),2)

test: install ## run the tests; TESTS="tests/library tests/cli" for some of them
	@$(BIN)/pytest -m "not ui and not stack" $(TESTS)

test-ui: install ## look at a run in the Prefect UI with a headless browser
	@$(BIN)/pytest -m ui tests/ui

test-stack: install ## judge DOCUMENTS (200) on such a stack, kill a worker, and look at what is left
	@STACK_DOCUMENTS=$(or $(DOCUMENTS),200) $(BIN)/pytest -m stack -s tests/stack

chaos: install ## kill real runs at every event and at random moments, and look at what is left
	@$(BIN)/python -m tests.chaos

fuzz: install ## fuzz the way in for SECONDS (60), guided by coverage
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60)

mutation: install ## change the program, see that a test notices; ONLY=phases, result, verification or verification/trail
	@$(BIN)/python -m tests.mutation $(ONLY)

bench: install ## measure, side by side, and write bench/results.json
	@$(BIN)/python -m bench

lint: install ## check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: install ## format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

types: install ## check types, strictly
	@$(BIN)/mypy

check: lint types test ## all that must be green before a commit

clean: ## remove what was made here
	@rm -rf mutants mutation .venv .benson .benson-stack .pytest_cache .mypy_cache .ruff_cache .coverage*
