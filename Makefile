# `make demo` and `make test` set up everything they need: only Python 3.11 to 3.13 and make are assumed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_OPTIONS := $(if $(DATA),--data $(DATA)) $(if $(FORMAT),--format $(FORMAT)) $(if $(OUT),--out $(OUT))

.DEFAULT_GOAL := help
.PHONY: help demo results test browser coverage check format bench docs dist clean

help:  ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10
	@echo
	@echo "make demo DATA=all_sqe.zip    takes real recordings; FORMAT=nucla OUT=folder if need be"

$(READY): pyproject.toml constraints.txt
	@echo "== Setting up $(VENV) with pinned versions (minutes on the first run)"
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11 to 3.13 is needed, this is %s; pass PYTHON=python3.12, say." % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	@touch $@

demo: $(READY)  ## Raw recordings to a linear-evaluation table, in minutes: simulate, convert, train, compare
	@echo "== Demo"
	$(BIN)/python -m examples.demo $(DEMO_OPTIONS)

results: $(READY)  ## Train and test the headline rows on Northwestern-UCLA: DATA=all_sqe.zip, about 45 minutes
	@test -n "$(DATA)" || { echo "Give the recordings: make results DATA=all_sqe.zip"; exit 2; }
	@echo "== Results"
	@test -e data/nucla.h5 || { mkdir -p data && $(BIN)/skeleton-data convert nucla $(DATA) -o data/nucla.h5; }
	PATH="$(CURDIR)/$(BIN):$$PATH" OPTIONS="$(OPTIONS)" sh examples/runs/results.sh nucla-xview-ours

test: $(READY)  ## Run the tests
	@echo "== Tests"
	$(BIN)/python -m pytest

browser:  ## Install Chromium for the tests of the viewer (Debian, as root); they are skipped where there is none
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium chromium-driver

coverage: $(READY)  ## Print what the tests use of skeleton_aug: the kernels as plain Python, the rest as it runs
	@echo "== Coverage"
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m coverage run --source=skeleton_aug -m tests.skeleton_aug.plain
	$(BIN)/python -m pytest tests/skeleton_aug -q --cov=skeleton_aug --cov-append --cov-report=term-missing:skip-covered

check: $(READY)  ## Lint and check types
	@echo "== Lint and types"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)  ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## Run the benchmarks (ratios measured side by side)
	$(BIN)/python -m benchmarks.augmentation
	$(BIN)/python -m benchmarks.data

docs: $(READY)  ## Build the documentation into docs/_build: pictures are drawn, the notebook is run
	@echo "== Documentation"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[docs]"
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build

dist: $(READY)  ## Build wheel and source archive; test the installed wheel with the oldest and the newest dependencies
	@echo "== Distribution"
	rm -rf dist build/dist
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt hatchling
	$(BIN)/python -m hatchling build
	mkdir -p build/dist/source
	tar -xzf dist/*.tar.gz -C build/dist/source --strip-components 1
	@# Without the packages beside them, the tests import what is installed.
	rm -r build/dist/source/skeleton_aug build/dist/source/skeleton_data
	$(call test_wheel,oldest,--constraint constraints-oldest.txt)
	$(call test_wheel,newest,)

define test_wheel
	@echo "== The wheel with the $(1) dependencies"
	$(PYTHON) -m venv build/dist/$(1)
	build/dist/$(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2) "$$(echo dist/*.whl)[test]"
	build/dist/$(1)/bin/python -m pip list --disable-pip-version-check | grep -iE '^(numpy|scipy|numba|h5py|tqdm|skeleton-aug) '
	cd build/dist/source && ../$(1)/bin/python -m pytest -q tests/skeleton_aug tests/skeleton_data
endef

clean:  ## Remove the virtual environment, caches and builds
	rm -rf $(VENV) build dist docs/_build docs/gallery .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
