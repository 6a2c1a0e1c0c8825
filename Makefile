# Everything a person or a build machine does with Caseward. `make` alone lists it.

PYTHON ?= python3
PORT ?= 8000
VAR ?= var
export PORT VAR

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes
MYPY_CACHE_DIR ?= .mypy_cache
export MYPY_CACHE_DIR

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-dev run demo test check schemas docs bench bench-large bench-page \
	rebuild-check soak kill-test lock clean

help: ## List what can be made
	@echo 'Usage: make <target> [PYTHON=python3.12] [PORT=8000] [VAR=var]'
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1|\2/' \
		| awk -F'|' '{ printf "%-13s %s\n", $$1, $$2 }'

setup: $(VENV)/runtime.stamp ## Make .venv and install the locked libraries (once)

setup-dev: $(VENV)/dev.stamp ## The same, with what the tests and checks need

run: $(VENV)/runtime.stamp ## Start an installation on this machine; Ctrl-C stops it
	@$(BIN)/python -m deploy.run

demo: $(VENV)/runtime.stamp ## Play three stories against the installation that runs here
	@$(BIN)/python -m deploy.demo

test: $(VENV)/dev.stamp ## Run every test but the long ones
	@$(BIN)/python -m pytest

check: $(VENV)/dev.stamp ## Lint, format, types, imports, and drift of schemas and docs
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m incidents schemas --check schemas
	$(BIN)/python -m notifier schemas --check schemas
	$(BIN)/python -m incidents docs --check docs

schemas: $(VENV)/runtime.stamp ## Write schemas/ anew from the code
	$(BIN)/python -m incidents schemas schemas
	$(BIN)/python -m notifier schemas schemas

docs: $(VENV)/runtime.stamp ## Write the generated parts of docs/ anew
	$(BIN)/python -m incidents docs docs

bench: $(VENV)/bench.stamp ## Measure; prints ratios as JSON lines, exits 1 if one misses its bar
	@$(BIN)/python -m tests.bench

bench-large: $(VENV)/bench.stamp ## The same acts among a million cases; takes hours
	@$(BIN)/python -m tests.bench.comparison --cases 1000 1000000 --keep var-bench/large.json

bench-page: $(VENV)/bench.stamp ## Write docs/explanation/performance.md from what was measured
	@$(BIN)/python -m tests.bench.report

rebuild-check: $(VENV)/dev.stamp ## Replay 200,000 cases to the same lists, byte for byte
	@folder=$$(mktemp -d) && export VAR=$$folder SCHOOL_DIR=deploy/school \
		&& $(BIN)/python -m tests.bench.fill 200000 \
		&& $(BIN)/python -m incidents rebuild --replay --check; \
		status=$$?; rm -rf "$$folder"; exit $$status

soak: $(VENV)/dev.stamp ## Five times five minutes of load on each database while processes are killed
	@$(BIN)/python -m tests.faults.soak --database sqlite --runs 5 --seconds 300
	@$(BIN)/python -m tests.faults.soak --database postgresql --runs 5 --seconds 300

kill-test: $(VENV)/dev.stamp ## The long fault runs: kill -9 of everything, many times
	@$(BIN)/python -m pytest -m long

lock: ## Resolve the dependencies anew (needs uv)
	uv pip compile $(RESOLVE) -o requirements.lock
	uv pip compile $(RESOLVE) --extra dev -c requirements.lock -o requirements-dev.lock
	uv pip compile $(RESOLVE) --extra dev --extra bench -c requirements-dev.lock \
		-o requirements-bench.lock
RESOLVE := pyproject.toml --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header \
	--extra incidents --extra notifier --extra embedded

clean: ## Remove .venv and the tools' caches; never touches what an installation wrote
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find deploy services tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A .pth file instead of an installed package: `.venv/bin/python -m incidents` works from anywhere,
# and what runs is always the code that lies here.
$(VENV)/runtime.stamp: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Caseward needs Python 3.11 or newer; $(PYTHON) is" \
			"$$($(PYTHON) --version 2>/dev/null || echo 'not there')." \
			"Name one that is: make setup PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments." \
			"On Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 2; }
	@echo "Installing the locked libraries into $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements.lock
	@$(BIN)/python -c 'import os, pathlib, sysconfig; \
		site = pathlib.Path(sysconfig.get_path("purelib")); \
		(site / "caseward.pth").write_text(os.path.relpath("services", site) + "\n")'
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	@echo "Installing what the tests and checks need ..."
	@$(PIP) -r requirements-dev.lock
	@touch $@

$(VENV)/bench.stamp: requirements-bench.lock $(VENV)/dev.stamp
	@echo "Installing what is measured beside ours ..."
	@$(PIP) -r requirements-bench.lock
	@touch $@
