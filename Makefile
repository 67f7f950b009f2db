# Each target sets up what it needs, in .venv, and can be run first. A second run is quick.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INTEROP := tests/interop
# Passed on to pytest, as in `make test ARGS="-k roles"`.
ARGS ?=
# Tests of one file stay together.
WORKERS ?= -n auto --dist loadfile

# What changes an installation, as opposed to the code, which is installed as a link.
INSTALLED := setup.cfg setup.py pyproject.toml sso_plugin.pth sso_plugin.start

# No profile, region or switch of the user's reaches the demo or the tests.
unexport SSO_PLUGIN SSO_PLUGIN_UNDO $(filter AWS_%,$(.VARIABLES))

.PHONY: help demo test interop chaos fuzz kill bench clean node browser

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /make \1 - /p' $(MAKEFILE_LIST)

demo: $(VENV)/demo.stamp  ## Log in to a local Identity Center; run a script that outlives its credentials
	$(BIN)/python examples/demo.py

test: $(VENV)/test.stamp  ## Check style and types, and run all tests that need Python only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/python -m pytest $(WORKERS) $(ARGS)

interop: $(VENV)/test.stamp browser $(INTEROP)/node_modules/.package-lock.json  ## Run the tests with Node.js and Chromium
	$(BIN)/python -m pytest $(INTEROP) $(ARGS)

chaos: $(VENV)/test.stamp  ## Let a crowd of scripts loose for ten minutes, while everything goes wrong
	$(BIN)/python tests/helpers/chaos.py --seconds 600 $(ARGS)

fuzz: $(VENV)/test.stamp  ## Fuzz all parsers and interrupt at many places, for about an hour
	FUZZ_EXAMPLES=10000 INTERRUPTIONS=1000 $(BIN)/python -m pytest $(WORKERS) tests/scenarios/test_fuzz.py tests/scenarios/test_frames.py $(ARGS)

kill: $(VENV)/test.stamp  ## Kill the writer of a cache file ten thousand times
	folder=$$(mktemp -d) && $(BIN)/python tests/helpers/kill.py "$$folder" 10000 1; code=$$?; rm -rf "$$folder"; exit $$code

bench: $(VENV)/bench.stamp  ## Measure
	@for script in benchmarks/bench_*.py; do $(BIN)/python "$$script" || exit; done

clean:  ## Remove all that was set up, built or remembered here
	rm -rf $(VENV) .tox build dist *.egg-info $(INTEROP)/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: EXTRAS := cli,emulator
$(VENV)/test.stamp: EXTRAS := test,lint,package
$(VENV)/bench.stamp: EXTRAS := bench

$(VENV)/%.stamp: $(INSTALLED) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$(EXTRAS)]"
	@touch $@

# What is missing is installed where that is allowed: by root, on a system with apt.
APT := [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

$(INTEROP)/node_modules/.package-lock.json: $(INTEROP)/package-lock.json | node
	npm ci --prefix $(INTEROP) --no-audit --no-fund
	@touch $@

node:
	@command -v npm >/dev/null || { $(APT) nodejs npm; } || { \
		echo "make interop needs Node.js and npm: install them and run it again." >&2; exit 1; }

browser:
	@{ command -v chromedriver && command -v chromium; } >/dev/null \
		|| { $(APT) chromium chromium-driver; } || { \
		echo "make interop needs chromium and chromedriver: install them and run it again." >&2; exit 1; }
