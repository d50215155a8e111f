# Two commands are enough: `make demo` and `make test`. Python 3.11 or 3.12 is needed, nothing else.
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# Two workers more than there are cores: whole processes are waited for half of the time.
WORKERS := $(shell expr $$(nproc 2>/dev/null || echo 2) + 2)
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist worksteal
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-quick test-long types suite coverage examples bench bench-compare format clean

help: ## Show this text
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

$(VENV)/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or 3.12 is needed; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt -e '.[demo,dev]'
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true # what pip does on one core
	@touch $@

demo: $(VENV)/installed ## Run half a year of flights with a fault (ARGS=--no-fault: without one)
	@$(BIN)/riverkeeper demo $(ARGS)

test: $(VENV)/installed ## Run everything that CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory -j2 types suite

test-quick: $(VENV)/installed ## Run the unit tests and laws, no whole processes: in a minute
	$(PYTEST) -m 'not integration'

test-long: $(VENV)/installed ## Run all tests, laws with sixteen times the examples, and more kills: in an hour
	RIVERKEEPER_TESTS=long $(PYTEST) --timeout 1800
	$(BIN)/python -m tests.support.crashes --kills 50 --steps
	$(BIN)/python -m tests.support.crashes --kills 50

types: $(VENV)/installed
	$(BIN)/mypy

suite: $(VENV)/installed
	$(PYTEST)

coverage: $(VENV)/installed ## Which lines and branches the tests run; takes twice their time
	$(PYTEST) --cov --cov-report=term:skip-covered

examples: $(VENV)/installed ## Kill each host of examples/ in the middle, and compare (ARGS="ray_actors flink_job")
	@$(BIN)/python -m examples $(ARGS)

bench: $(VENV)/installed ## What the engine costs beside its model, in minutes (ARGS="--rounds 5")
	@$(BIN)/python -m benchmarks.speed $(ARGS)

bench-compare: $(VENV)/installed ## Is the engine slower, or worse, than that of the commit BASE=...?
	@test -n "$(BASE)" || { echo "error: name a commit with BASE=..."; exit 1; }
	@$(BIN)/python -m benchmarks.speed.compare $(BASE) $(ARGS)

format: $(VENV)/installed ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove the environment and what runs have written
	rm -rf $(VENV) examples/.venv runs data .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
