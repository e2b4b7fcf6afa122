# make demo   - the whole job on bundled sources, no network, no keys
# make test   - everything the tests need, and the tests
# make check  - format, lint, types, layers
# make bench  - every benchmark, one table after the other; the long ones in a small size
# make soak   - an hour of the service at 24 polls a second: is it flat? Then ten rounds of kills and faults: is anything lost, or told twice?
# make lock   - pin the newest versions that pyproject.toml allows

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test check bench soak lock train clean

demo: $(VENV)/ready
	$(BIN)/monitor demo --keep "$$(mktemp -d)/monitor-demo"

test: $(VENV)/ready-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

check: $(VENV)/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_docs.py tests/test_layers.py

bench: $(VENV)/ready-dev
	$(BIN)/python -m bench

soak: $(VENV)/ready-dev
	$(BIN)/python -m bench.soak
	$(BIN)/python -m bench.chaos --seeds 10 --kills 20

train: $(VENV)/ready-dev
	$(BIN)/monitor train --no-labels --classifiers classifiers

# Every package is pinned with its hash; the project itself is built with pinned tools and fetches nothing.
$(VENV)/ready: constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.11")'
	test -x "$(BIN)/python" || $(PYTHON) -m venv "$(VENV)"
	$(PIP) install --require-hashes -r constraints.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch "$@"

$(VENV)/ready-dev: constraints-dev.txt $(VENV)/ready
	$(PIP) install --require-hashes -r constraints-dev.txt
	touch "$@"

# uv resolves for all platforms at once; it is needed only here: pip install uv
lock:
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --upgrade --custom-compile-command 'make lock' -q -o constraints.txt
	uv pip compile pyproject.toml --group build --group dev --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --upgrade --custom-compile-command 'make lock' -q -c constraints.txt -o constraints-dev.txt

clean:
	rm -rf "$(VENV)" build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
