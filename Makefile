# Everything starts here. `make help` lists the targets from the `##` lines; each wraps one or two verbs of `bakeoff`.
# Variables: WORKLOAD=read_speed (for run/<scenario>), ARGS='...' (passed on to bakeoff), PYTHON=/path/to/python3.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

SCENARIOS := $(sort $(basename $(notdir $(wildcard infra/scenarios/*.tfvars))))
BAKEOFF   := .venv/bin/bakeoff
PY        := .venv/bin/python
WORKLOAD  ?= write_tfrecords
DEMO      ?= demo
ARGS      ?=
BENCH     ?=
PYTEST    := $(PY) -m pytest -n logical
CODE      := workloads analysis infra tests .ci

.PHONY: help setup setup-gcp setup-train setup-test demo test test-fast test-terraform test-slow bench bench-search lint policy format lock destroy clean-up clean $(SCENARIOS) \
	$(foreach verb,plan apply run destroy,$(addprefix $(verb)/,$(SCENARIOS)))

## help: this list
help:
	@awk -F': ' '/^## / { sub(/^## /, "", $$1); text = $$2; for (i = 3; i <= NF; i++) text = text ": " $$i; \
		printf "  make %-22s %s\n", $$1, text }' $(MAKEFILE_LIST)
	@printf '\nScenarios: %s\n' '$(SCENARIOS)'

## demo: compares two cluster shapes on real work and writes a report; about five minutes
demo: setup
	$(BAKEOFF) bench $(DEMO) $(ARGS)
	$(BAKEOFF) report $(DEMO)

## test: lint, types and every test that is not slow, side by side; < 5 min
test: setup-test
	@$(MAKE) --no-print-directory -j2 lint test-fast

## test-slow: the long tests: kills, whole cycles, mutations; < 25 min
test-slow: setup-test
	$(PYTEST) -m "slow and not more_kills"

## bench: measures the workloads against what they could reach; BENCH=name for one; < 50 min
bench: setup-test
	$(PY) -m tests.bench $(BENCH)

## <scenario>: runs WORKLOAD on a cluster of that shape, reports, and tears it down
$(SCENARIOS): %: setup
	$(BAKEOFF) run $(WORKLOAD) --on $* $(ARGS)
	$(BAKEOFF) report run

## plan/<scenario>: shows what apply would do
$(addprefix plan/,$(SCENARIOS)): plan/%: setup
	$(BAKEOFF) plan $* $(ARGS)

## apply/<scenario>: brings a cluster up and leaves it standing
$(addprefix apply/,$(SCENARIOS)): apply/%: setup
	$(BAKEOFF) apply $* $(ARGS)

## run/<scenario>: runs WORKLOAD (write_tfrecords) on it
$(addprefix run/,$(SCENARIOS)): run/%: setup
	$(BAKEOFF) run $(WORKLOAD) --on $* $(ARGS)

## destroy/<scenario>: tears it down
$(addprefix destroy/,$(SCENARIOS)): destroy/%: setup
	$(BAKEOFF) destroy $* $(ARGS)

## destroy: tears down every cluster of this checkout
destroy: setup
	$(BAKEOFF) destroy --all $(ARGS)

## clean-up: removes what a killed bakeoff left behind
clean-up: setup
	$(BAKEOFF) clean --yes $(ARGS)

## setup: makes .venv with what the demo needs (the other targets call it)
setup:
	@PYTHON='$(PYTHON)' .ci/setup.sh base

## setup-gcp: the same, with Google's clients, for `--target gcp`
setup-gcp:
	@PYTHON='$(PYTHON)' .ci/setup.sh gcp

## setup-train: the same, with TensorFlow, for the workloads train and serve
setup-train:
	@PYTHON='$(PYTHON)' .ci/setup.sh train

## setup-test: all of it, with TensorFlow and the test tools
setup-test:
	@PYTHON='$(PYTHON)' .ci/setup.sh test

## bench-search: search strategies against Optuna, scikit-optimize and SMAC3 on recordings: DATA=/folder [ARGS='--seeds 3']; hours
bench-search: setup-test
	@test -n '$(DATA)' || { echo 'bench-search: give the folder of the recordings: make bench-search DATA=/folder'; exit 2; }
	@test -x .cache/bench-search-env/bin/python || $(PY) -m venv .cache/bench-search-env
	.cache/bench-search-env/bin/python -m pip install --quiet --requirement tests/bench/requirements-search.txt
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m tests.bench.bench_search --data '$(DATA)' $(ARGS)

## lint: ruff and mypy (Terraform's fmt, validate and test are among the tests)
lint: setup-test
	$(PY) -m ruff check $(CODE)
	$(PY) -m ruff format --check $(CODE)
	$(PY) -m mypy

## policy: checkov on the Terraform and zizmor on the workflows, in an environment of their own; both run to their end
policy:
	@PYTHON='$(PYTHON)' .ci/setup.sh policy
	@failed=0; .cache/policy/bin/checkov --config-file .ci/checkov.yaml --directory infra --quiet || failed=1; \
		.cache/policy/bin/zizmor --offline --no-progress --strict-collection .github/workflows || failed=1; exit $$failed

## format: lets ruff put the code in order
format: setup-test
	$(PY) -m ruff check --fix $(CODE)
	$(PY) -m ruff format $(CODE)

## test-fast: the tests without the linters
test-fast: setup-test
	$(PYTEST) -m "not slow"

## test-terraform: fmt, validate and test of every Terraform root and module
test-terraform: setup-test
	$(PYTEST) tests/infra/terraform/test_modules.py tests/infra/modules --ignore tests/infra/modules/test_mutations.py

## lock: chooses all versions anew, for Python 3.11 to 3.13 at once (UPGRADE=: only adds what is missing); uv's settings hold
UPGRADE ?= --upgrade
LOCK    := .cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --custom-compile-command 'make lock' $(UPGRADE)
lock: setup
	$(PY) -m venv .cache/lock
	.cache/lock/bin/python -m pip install --quiet uv
	$(LOCK) --all-extras pyproject.toml -o constraints.txt
	printf 'checkov\nzizmor\n' | $(LOCK) - -o .ci/requirements-policy.txt

## clean: removes .venv and the tools' caches; records in runs/ stay
clean:
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
