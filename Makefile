# `make demo` and `make test` make .venv first, from requirements.lock and nothing else.

PYTHON ?= python3
BIN := .venv/bin
# Workers that run tests, each file in one of them; each takes up to 3 GB.
WORKERS ?= 2
# Workers share the cores: threads of linear algebra would wait for those of other workers.
TESTS := OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS)

# uv where it is installed (seconds), otherwise the pip that comes with Python (a minute): the same packages either way.
UV := $(shell command -v uv 2>/dev/null)
PIP := $(if $(UV),$(UV) pip install --python $(BIN)/python,$(BIN)/python -m pip --disable-pip-version-check install)

# Tests that sample nothing, under a minute.
FAST := core data numerics runs structure/test_architecture.py structure/test_import_circles.py structure/test_public_names.py

# Packages are compiled when first imported, which must then be allowed to be remembered.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-fast findings docs docs-fast lint types floors gpu-extras lock clean

help:
	@echo "make demo    a real study, from data to report"
	@echo "make test    the tests (without the slow ones)"
	@echo "make test-fast  tests that sample nothing: under a minute"
	@echo "make findings  every mistake that was found from outside, with its right value (an hour)"
	@echo "make docs    the documentation, into docs/_build/html; docs-fast without the pages that run for long"
	@echo "make lint    ruff, on code and format"
	@echo "make types   mypy, and whether every public type is known"
	@echo "make floors  tests and a fit of each family with the oldest packages allowed (needs uv)"
	@echo "make gpu-extras  whether causalstats[gpu] resolves for CUDA 12 and 13 beside the lock (needs uv)"
	@echo "make lock    newest versions into requirements.lock (needs uv)"
	@echo "make clean   remove .venv, caches and builds; results/ stays"
	@echo "Another Python: make PYTHON=python3.13 demo"

demo: .venv/.ready
	$(BIN)/causalstats study hiv_results

test: .venv/.ready
	$(TESTS) --dist loadfile --no-loadscope-reorder

test-fast: .venv/.ready
	$(TESTS) $(addprefix tests/,$(FAST))

findings: .venv/.ready
	$(TESTS) -m "slow or not slow" --dist loadfile tests/findings

docs docs-fast: .venv/.ready
	$(if $(filter docs-fast,$@),DOCS_FAST=1) $(BIN)/python -m sphinx -W --keep-going --quiet -j 2 docs docs/_build/html

lint: .venv/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.ready
	$(BIN)/mypy
	$(BIN)/pytest -q -m slow tests/structure/test_static_types.py -k every_public_type

# The oldest packages that pyproject.toml allows, in an environment of their own (needs uv).
FLOORS := .venv-floors
floors:
	$(PYTHON) -m venv --clear $(FLOORS)
	uv pip compile pyproject.toml --resolution lowest-direct --only-binary :all: --python $(FLOORS)/bin/python \
		--quiet --no-header --no-annotate --output-file $(FLOORS)/floors.txt
	uv pip install --quiet --python $(FLOORS)/bin/python -r $(FLOORS)/floors.txt \
		dask ipython mpmath polars pytest pytest-xdist statsmodels
	uv pip install --quiet --python $(FLOORS)/bin/python --no-deps --editable .
	$(FLOORS)/bin/pytest -n $(WORKERS) tests/core tests/data tests/numerics tests/runs
	$(FLOORS)/bin/pytest -m "slow or not slow" -n $(WORKERS) tests/inference/test_first_fit.py

# Whether the extras for a GPU resolve with the versions that are tested; nothing is installed.
gpu-extras:
	@for extra in gpu gpu-cuda12; do \
		uv pip compile pyproject.toml --extra $$extra --constraint requirements.lock --python-version 3.12 --only-binary :all: \
			--quiet --no-header --no-annotate > /dev/null || exit 1; \
		echo "causalstats[$$extra] resolves beside requirements.lock"; \
	done

lock:
	uv pip compile pyproject.toml --extra dev --extra docs --extra studies --universal --python-version 3.12 --only-binary :all: \
		--generate-hashes --no-header --no-annotate --upgrade --quiet --output-file requirements.lock

clean:
	rm -rf .venv $(FLOORS) .coverage htmlcov .mypy_cache .pytest_cache .ruff_cache build dist docs/_build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The packages: again, from nothing, when the lock file changes.
.venv/.locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 14))' || { \
		echo "causalstats needs Python 3.12, 3.13 or 3.14; '$(PYTHON)' is: $$($(PYTHON) --version 2>&1)."; \
		echo "Name another, e.g.: make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making .venv with the packages of requirements.lock: $(if $(UV),10 seconds,about a minute), and the download of 450 MB."
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) --require-hashes --no-deps --only-binary :all: $(if $(UV),,--no-compile) -r requirements.lock
	@touch $@

# causalstats itself, as a link to this folder: again when its description changes.
.venv/.ready: .venv/.locked pyproject.toml
	@echo "Linking causalstats into .venv: some seconds."
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
