# Each target installs what it needs in .venv, so you can start with any of them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INTEROP := tests/interop
# aiobotocore needs a certain version of botocore, so it has an environment of its own.
ASYNC := $(VENV)/async
# JupyterLab brings many packages.
JUPYTER := $(VENV)/jupyter
# Arguments for pytest, as in `make test ARGS="-k roles"`.
ARGS ?=
# Most tests wait for a process, so there are more workers than cores. An idle worker takes over
# tests of another one.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
WORKERS ?= -n $(shell expr $(CORES) \* 2) --dist worksteal
# Their number of examples can be set; `make test` runs few.
FUZZED := tests/scenarios/test_fuzz.py tests/scenarios/test_tracebacks.py

# Changes of these files need a new installation. The code is installed as a link.
INSTALLED := setup.cfg setup.py pyproject.toml sso_plugin.pth sso_plugin.start

# The demo and the tests do not see your profile, region and settings.
unexport SSO_PLUGIN SSO_PLUGIN_UNDO $(filter AWS_%,$(.VARIABLES))

.PHONY: help demo test test-long test-all interop keyring chaos fuzz kill simulate bench clean node browser \
	aws-cli secret-service store-server shells

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1 - /p' $(MAKEFILE_LIST)

demo: $(VENV)/demo.stamp  ## Log in to a local Identity Center; run a script that outlives its credentials
	$(BIN)/python examples/demo.py

test: $(VENV)/test.stamp  ## Check style and types, and run the quick tests (two minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/python -m pytest $(WORKERS) -m "not long" $(ARGS)

# Exit code 5: ARGS selects no test that is marked long.
test-long: $(VENV)/test.stamp  ## Run the tests that take long: crowds of processes, long runs, fuzzing
	$(BIN)/python -m pytest $(WORKERS) -m long $(ARGS) || [ $$? -eq 5 ]
	FUZZ_EXAMPLES=100 INTERRUPTIONS=25 $(BIN)/python -m pytest $(WORKERS) $(FUZZED) $(ARGS) || [ $$? -eq 5 ]

test-all: test test-long  ## Check style and types, and run all tests that need Python only

interop: $(VENV)/test.stamp $(JUPYTER)/interop.stamp browser aws-cli $(INTEROP)/node_modules/.package-lock.json  ## Run the tests with Node.js, the AWS CLI, Chromium and JupyterLab
	$(BIN)/python -m pytest $(INTEROP) --ignore $(INTEROP)/notebooks $(ARGS) || [ $$? -eq 5 ]
	$(JUPYTER)/bin/python -m pytest $(INTEROP)/notebooks $(ARGS) || [ $$? -eq 5 ]

keyring: $(VENV)/test.stamp secret-service  ## Run the tests with a real keyring (gnome-keyring)
	$(BIN)/python -m pytest tests/secret_service $(ARGS)

chaos: $(VENV)/test.stamp  ## Run a crowd of scripts for ten minutes, while everything fails in turn
	$(BIN)/python tests/helpers/chaos.py --seconds 600 $(ARGS)

fuzz: $(VENV)/test.stamp  ## Fuzz all parsers and interrupt at many places (an hour)
	FUZZ_EXAMPLES=10000 INTERRUPTIONS=1000 $(BIN)/python -m pytest $(WORKERS) $(FUZZED) $(ARGS)

kill: $(VENV)/test.stamp  ## Kill processes that write a cache file, ten thousand times
	folder=$$(mktemp -d) && $(BIN)/python tests/helpers/kill.py "$$folder" 10000 1; code=$$?; rm -rf "$$folder"; exit $$code

simulate: $(VENV)/test.stamp  ## Simulate a fleet of ten thousand machines on a virtual clock and network
	$(BIN)/python tests/helpers/simulation.py --machines 10000 $(ARGS)

bench: $(VENV)/bench.stamp $(ASYNC)/bench.stamp  ## Run the benchmarks
	@for script in benchmarks/bench_*.py; do \
		case "$$script" in *_async.py) bin=$(ASYNC)/bin;; *) bin=$(BIN);; esac; \
		"$$bin/python" "$$script" || exit; \
	done

clean:  ## Remove everything that was installed, built or cached here
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

$(ASYNC)/bench.stamp: $(INSTALLED) | $(BIN)/python
	$(BIN)/python -m venv $(ASYNC)
	$(ASYNC)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[bench-async]"
	@touch $@

$(JUPYTER)/interop.stamp: $(INSTALLED) | $(BIN)/python
	$(BIN)/python -m venv $(JUPYTER)
	$(JUPYTER)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[jupyter]"
	@touch $@

# Missing programs are installed if that is possible: as root, on a system with apt.
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

# Version 1 is not enough: it is another program, with another botocore.
aws-cli:
	@aws --version 2>&1 | grep -q aws-cli/2 \
		|| /usr/bin/aws --version 2>&1 | grep -q aws-cli/2 \
		|| { $(APT) awscli; } || { \
		echo "make interop needs version 2 of the AWS CLI: install it and run it again." >&2; exit 1; }

# Without it, the tests of a store of many machines are skipped.
store-server:
	@command -v valkey-server >/dev/null || command -v redis-server >/dev/null \
		|| { $(APT) redis-server; } || { \
		echo "The tests of a store need valkey-server or redis-server: install one of them." >&2; exit 1; }

# Without them, the tests of completion in a shell are skipped.
shells:
	@{ command -v zsh && command -v fish && [ -e /usr/share/bash-completion/bash_completion ]; } >/dev/null \
		|| { $(APT) zsh fish bash-completion; } || { \
		echo "The tests of completion need zsh, fish and bash-completion: install them." >&2; exit 1; }

secret-service:
	@{ command -v dbus-run-session && command -v gnome-keyring-daemon; } >/dev/null \
		|| { $(APT) dbus gnome-keyring; } || { \
		echo "make keyring needs dbus-run-session and gnome-keyring: install them and run it again." >&2; exit 1; }
