PYTHON ?= python3

.PHONY: test lint clean

test: .venv/.done  ## make the environment and run the tests
	.venv/bin/python -m pytest

lint: .venv/.done
	.venv/bin/ruff check .

.venv/.done: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || { echo "Python 3.12 or newer is needed: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Making .venv from requirements.lock: a few minutes the first time."
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	.venv/bin/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf .venv results
