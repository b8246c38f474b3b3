# make demo: set up, run the default experiment, print the main table. make test: set up and pass the tests.
# Nothing needed but Python 3.11 or newer, git and make.

PYTHON ?= python3
VENV := .venv
CONDA_VENV := .venv-conda
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
CONFIG ?=
# make demo, make report: of another config with CONFIG=config/evidence.yaml
SNAKEMAKE := snakemake --profile profiles/local $(if $(CONFIG),--configfile $(CONFIG))

.PHONY: demo evidence test test-quick test-conda lint bench report pins

demo: $(VENV)/ready
	$(SNAKEMAKE)
	@cat results/tables/main.md
	@echo
	@echo "table    results/tables/main.csv and main.md"
	@echo "figure   results/figures/tradeoff.png"
	@echo "answers  results/report/answers.html"
	@echo "report   make report"

evidence: $(VENV)/ready ## a longer run: more prompts, two seeds; hours on two cores
	$(MAKE) demo CONFIG=config/evidence.yaml

report: $(VENV)/ready ## one file with tables, figure, answers, runtimes and provenance of every result
	$(SNAKEMAKE) --report results/report/report.html

test: $(VENV)/ready
	pytest -n 2 tests

test-quick: $(VENV)/ready
	pytest -n 2 tests/unit

test-conda: export HALT_CONDA ?= /tmp/halt-conda
test-conda: export HALT_CONDA_PYTHON := $(CURDIR)/$(CONDA_VENV)/bin/python
test-conda: $(VENV)/ready $(CONDA_VENV)/ready ## the tiny run with --sdm conda, also through Slurm where test-slurm installed it
	$(if $(shell command -v slurmctld),HALT_SLURM=$${HALT_SLURM:-/tmp/halt-slurm}) pytest tests/conda

lint: $(VENV)/ready
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint

bench: $(VENV)/ready ## speed beside the bare engines; writes results/bench/
	python scripts/bench.py

pins: $(CONDA_VENV)/ready ## packages with checksums for envs/*.yaml from the public channels; CUDA=12.8 for GPUs
	$(CONDA_VENV)/bin/python scripts/pins.py $(if $(CUDA),--cuda $(CUDA))

$(VENV)/ready: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "halt needs Python 3.11 or newer, found %d.%d: make PYTHON=python3.12" % sys.version_info[:2])'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	touch $@

$(CONDA_VENV)/ready: requirements-conda.txt
	$(PYTHON) -m venv $(CONDA_VENV)
	$(CONDA_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-conda.txt
	touch $@
