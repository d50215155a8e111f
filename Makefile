# Two commands are enough: `make demo` and `make test`. Python 3.11 or 3.12 is needed, nothing else.
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# Two workers more than there are cores: whole processes are waited for half of the time.
WORKERS := $(shell expr $$(nproc 2>/dev/null || echo 2) + 2)
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist worksteal
# Each file is compared with its hash (requirements.lock) and nothing else is installed beside them.
PIP_INSTALL := -m pip install --quiet --no-compile --disable-pip-version-check --no-deps
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links $(UPGRADE)
IMAGE_EXTRAS := flow reports kafka schemas postgres
# Where cargo is found, models and loops that are compiled (docs/native.md); without it all runs as it is.
CARGO := $(shell command -v cargo 2>/dev/null)
NATIVE := $(shell find native -name '*.rs' -o -name Cargo.toml | grep -v target/)
NATIVE_LOG := native/target/build.log
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help native demo test test-quick test-long types suite coverage fuzz examples bench bench-compare format lock sbom audit clean

help: ## Show this text
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

$(VENV)/installed: pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or 3.12 is needed; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements.lock
	$(BIN)/python $(PIP_INSTALL) --no-build-isolation -e .
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true # what pip does on one core
	@touch $@

# Never fatal: what is compiled is only faster.
$(VENV)/native: $(VENV)/installed $(NATIVE)
	@mkdir -p native/target && rm -f $@
	@if [ -z "$(CARGO)" ]; then echo "native: not built, cargo is not found; all works without it (docs/native.md)"; \
	elif (cd native && cargo build --release) >$(NATIVE_LOG) 2>&1 && \
		$(BIN)/python native/install.py; then touch $@; \
	else echo "native: not built, the build failed ($(NATIVE_LOG)); all works without it (docs/native.md)"; fi

native: $(VENV)/native ## Compile models to machine code, where cargo is found (docs/native.md)

demo: $(VENV)/native ## Run half a year of flights with a fault (ARGS=--no-fault: without one)
	@$(BIN)/riverkeeper demo $(ARGS)

test: $(VENV)/installed ## Run everything that CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory -j2 types suite

test-quick: $(VENV)/native ## Run the unit tests and laws, no whole processes: in a minute
	$(PYTEST) -m 'not integration'

test-long: $(VENV)/native ## Run all tests, laws with sixteen times the examples, and more kills: in an hour
	RIVERKEEPER_TESTS=long $(PYTEST) --timeout 1800
	$(BIN)/python -m tests.support.crashes --kills 50 --steps
	$(BIN)/python -m tests.support.crashes --kills 50

types: $(VENV)/installed
	$(BIN)/mypy

suite: $(VENV)/native
	$(PYTEST)

coverage: $(VENV)/native ## Which lines and branches the tests run; takes twice their time
	$(PYTEST) --cov --cov-report=term:skip-covered

fuzz: $(VENV)/native ## Hostile models, snapshots, logs, stores and commands for 15 minutes (ARGS="--seconds 60")
	@$(BIN)/python -m benchmarks.hostile --seconds 900 $(ARGS)

examples: $(VENV)/installed ## Kill each host of examples/ in the middle, and compare (ARGS="ray_actors flink_job")
	@$(BIN)/python -m examples $(ARGS)

bench: $(VENV)/native ## What the engine costs beside its model, in minutes (ARGS="--rounds 5")
	@$(BIN)/python -m benchmarks.speed $(ARGS)

bench-compare: $(VENV)/native ## Is the engine slower, or worse, than that of the commit BASE=...?
	@test -n "$(BASE)" || { echo "error: name a commit with BASE=..."; exit 1; }
	@$(BIN)/python -m benchmarks.speed.compare $(BASE) $(ARGS)

format: $(VENV)/installed ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Resolve dependencies anew into requirements.lock and constraints.txt (UPGRADE=--upgrade: newer versions)
	$(PYTHON) -m venv .tools/lock
	.tools/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	printf 'hatchling\neditables\n' | .tools/lock/bin/$(LOCK) --all-extras -o requirements.lock pyproject.toml -
	{ echo '# Exact versions that the tests ran with, for pip install -c; written by make lock.'; \
		sed -n 's/ \\$$//; /^[a-z]/p' requirements.lock; } > constraints.txt
	printf 'hatchling\n' | .tools/lock/bin/$(LOCK) $(IMAGE_EXTRAS:%=--extra %) -c constraints.txt \
		-o deploy/requirements.lock pyproject.toml -

.tools/image/installed: deploy/requirements.lock
	$(PYTHON) -m venv --without-pip .tools/image
	$(PYTHON) -m pip --python .tools/image/bin/python install --quiet --disable-pip-version-check --no-deps \
		--require-hashes -r deploy/requirements.lock
	@touch $@

sbom: .tools/image/installed ## What the image holds, as CycloneDX and as a list of licences: in sbom/
	$(PYTHON) -m venv .tools/sbom
	.tools/sbom/bin/python -m pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0 pip-licenses==5.5.5
	mkdir -p sbom
	.tools/sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON \
		-o sbom/riverkeeper.cdx.json .tools/image/bin/python
	.tools/sbom/bin/pip-licenses --python .tools/image/bin/python --from mixed --format markdown > sbom/licences.md

audit: ## Known weaknesses of what requirements.lock pins; asks a public database
	$(PYTHON) -m venv .tools/audit
	.tools/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	.tools/audit/bin/pip-audit --strict --require-hashes --disable-pip -r requirements.lock

clean: ## Remove the environment and what runs have written
	rm -rf $(VENV) .tools sbom native/target examples/.venv runs data .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
