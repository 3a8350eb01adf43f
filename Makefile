# Every target makes its own environment in .venv and needs only Python 3.11 or later, make and pip's index.
# What is there already is not made again: the stamps in .venv remember what it was made from.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
MADE_FROM := pyproject.toml constraints.txt Makefile
PHOTO := chelsea
SEED := 7

# Threads that wait must not spin: beside other programs the tests would take several times as long.
export OMP_WAIT_POLICY := passive

# A process a core and one more, since some tests wait, each with one thread: faster than a thread a core.
WORKERS := $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
TESTS := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: help demo test test-all lint bench clean

help:
	@echo "make demo   draw a photo with 16 strokes, and say where the drawing is"
	@echo "make test   run the quick tests (minutes)"
	@echo "make test-all   run the slow tests too, as CI does"
	@echo "make lint   check format, style, types and layers"
	@echo "make bench  measure speed and print it (minutes)"
	@echo "make clean  remove the environment and what the targets made"

demo: $(VENV)/.demo
	@echo "[3/4] Copying a photo that scikit-image ships to out/$(PHOTO).png"
	@mkdir -p out
	@$(BIN)/python examples/export_photo.py $(PHOTO) out/$(PHOTO).png
	@echo "[4/4] Drawing it with 16 strokes (some seconds; the first time numba compiles for half a minute)"
	@$(BIN)/taureau draw out/$(PHOTO).png --strokes 16 --seed $(SEED)
	@echo "The photo:   out/$(PHOTO).png"
	@echo "The drawing: out/$(PHOTO).sketch.svg, and to look at: out/$(PHOTO).sketch.png"

test: $(VENV)/.dev
	$(TESTS) -m 'not slow'

test-all: $(VENV)/.dev
	$(TESTS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	for script in $(filter-out benchmarks/identity.py benchmarks/batch_soak.py benchmarks/batch_speed.py benchmarks/studio_soak.py,$(wildcard benchmarks/*.py)); do $(BIN)/python "$$script" || exit 1; done

clean:
	rm -rf $(VENV) out

# A stamp is touched only after pip has finished, so that an interrupted install is begun again.
$(VENV)/.python:
	@echo "[1/4] Making an environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("taureau needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python $(MADE_FROM)
	@echo "[2/4] Installing taureau, PyTorch and numba (a minute or two, 1.5 GB)"
	@$(PIP) install --quiet -c constraints.txt -e '.[fast]' scikit-image
	@touch $@

$(VENV)/.dev: $(VENV)/.python $(MADE_FROM)
	@echo "Installing taureau, PyTorch and the test tools (a minute or two, 2 GB)"
	@$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $@
