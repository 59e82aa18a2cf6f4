# Everything runs in .venv, which is made, and brought up to date with pyproject.toml, when needed.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
CODE := ledger projections adapters tests
# How many processes run the tests: one for each processor, two at least and eight at most.
JOBS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN || echo 2); echo $$((n < 2 ? 2 : n > 8 ? 8 : n)))
# Their files are in memory where there is room. What a disk may lose is shown by one that the tests
# make themselves, and who cuts no power learns nothing from the waiting for a real one.
MEMORY := $(shell df -Pk /dev/shm 2>/dev/null \
	| awk 'NR > 1 && $$4 > 2000000 {print "PYTEST_DEBUG_TEMPROOT=/dev/shm"}')
PYTEST = $(MEMORY) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

.PHONY: help setup check format test coverage docs demo fault fuzz bench bench-quick clean

help:
	@echo "setup        make .venv with all that the checks and tests need"
	@echo "check        format, lint, types, import contracts"
	@echo "format       let ruff format the code and sort its imports"
	@echo "test         every test"
	@echo "coverage     all but the longest, the laws and acceptance, and which lines they run"
	@echo "docs         build the documentation into build/docs"
	@echo "demo         real fills become positions, balances and an explanation"
	@echo "fault        the long tests of crashes, lost power, failing disks, and a soak: half an hour"
	@echo "fuzz         damaged reports for every parser, SECONDS=60 for each; VENUES= for some"
	@echo "bench        the benchmarks; bench-quick for a short run"
	@echo "clean        remove whatever make has made"

setup: .venv/dev

check: .venv/dev
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

format: .venv/dev
	$(BIN)/ruff check --select I --fix $(CODE)
	$(BIN)/ruff format $(CODE)

# In CI the laws of the whole are tried with more examples than those of one module.
WIDE := $(if $(CI),HYPOTHESIS_PROFILE=wide)

test: .venv/dev
	$(WIDE) $(PYTEST) --ignore tests/property --ignore tests/acceptance
	$(PYTEST) tests/property tests/acceptance

coverage: .venv/dev
	$(PYTEST) --cov --ignore tests/property --ignore tests/acceptance

docs: .venv/docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -q -b html docs build/docs
	@echo "open build/docs/index.html"

demo: .venv/light
	$(BIN)/tradeledger demo

# How many events the soak writes.
EVENTS ?= 1000000

fault: .venv/dev
	TRADELEDGER_SOAK_EVENTS=$(EVENTS) $(BIN)/python -m pytest -s -m "slow_fault or slow" \
		tests/fault tests/contract/test_postgres_loss.py

# How long each venue is fuzzed, which ones (all), and where chance begins.
SECONDS ?= 60
VENUES ?=
SEED ?= 1

fuzz: .venv/dev
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --seed $(SEED) $(VENUES)

bench: .venv/bench
	$(BIN)/python -m pytest -q tests/benchmarks/aio_lag.py
	$(BIN)/python -m tests.benchmarks

bench-quick: .venv/bench
	$(BIN)/python -m tests.benchmarks --quick

clean:
	rm -rf .venv build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------------- what the targets stand on

$(BIN)/python:
	$(PYTHON) -m venv .venv

# A newer SQLite in a wheel, where there is one for this platform; else the system's will do.
.venv/sqlite: pyproject.toml | $(BIN)/python
	$(PIP) --only-binary pysqlite3 'pysqlite3>=0.6.1' \
		|| echo "no pysqlite3 wheel for this platform; the standard library's sqlite3 is used"
	@touch $@

.venv/light: pyproject.toml .venv/sqlite | $(BIN)/python
	$(PIP) --editable '.[cli,ibkr]'
	@touch $@

.venv/dev: pyproject.toml .venv/sqlite | $(BIN)/python
	$(PIP) --editable '.[dev]'
	@touch $@ .venv/light

# What is measured in comparison only; without it those figures are left out.
.venv/bench: .venv/dev
	$(PIP) --editable '.[bench]' || echo "some programs to compare with could not be installed"
	@touch $@

.venv/docs: .venv/dev
	$(PIP) --editable '.[docs]'
	@touch $@
