# make run: set up and start the demo.   make test: set up and run every check and test.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run test lint conformance bench chaos lock clean
.DELETE_ON_ERROR:

run: $(VENV)/.run
	@PORT=$(PORT) $(BIN)/casewright demo

$(VENV)/.run: requirements.lock pyproject.toml hatch_build.py $(wildcard service/frontend/src/* service/frontend/src/server/* service/frontend/*.json service/frontend/*.mjs service/frontend/*.py)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -f $(VENV)/.test || $(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.test: requirements-dev.lock $(VENV)/.run
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m tests.prepare
	@touch $@

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

conformance: $(VENV)/.test
	$(BIN)/python -m tests.conformance

bench: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks

chaos: $(VENV)/.test
	$(BIN)/python -m tests.durability.chaos

lock:
	$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock
	cd service/frontend && npm update --package-lock-only

clean:
	rm -rf $(VENV) var service/frontend/node_modules service/static/dist
