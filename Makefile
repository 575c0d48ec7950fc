# Everything is made by run.py or by the tools it puts into .venv; see README.md for the two commands that matter.
BIN := .venv/bin
PYTHON := $(BIN)/python
export m

.DEFAULT_GOAL := help
.PHONY: help demo run test fix lint sure bench chaos migration i18n flows lock setup

help: ## what there is (this)
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):[^#]*## /\1|/' | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: setup ## play the demo into the local database
	python3 run.py portal demo

run: ## start the portal with its demo at http://127.0.0.1:8000
	python3 run.py

test: ## run the tests
	python3 run.py test

fix: setup ## put right what the tools can: imports, style, formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --lint --quiet portal/templates

sure: lint test ## what CI runs: style, types, layers, templates, tests

bench: setup ## measure everything beside its yardstick (ten minutes; how="--quick" is a minute)
	$(PYTHON) -m tests.bench $(how)
	$(PYTHON) -m pytest -q -m bench tests/bench

chaos: setup ## kill -9 at random moments: make chaos ROUNDS=1000 SEED=7 (any seed when none is given; it is printed)
	CHAOS_ROUNDS=$(or $(ROUNDS),100) CHAOS_SEED=$(or $(SEED),$(strip $(shell od -An -N4 -tu4 /dev/urandom))) $(PYTHON) -m pytest -s tests/chaos

migration: ## start a numbered migration: make migration m="claims: remember who weighed"
	@python3 tools/migration.py "$$m"

i18n: setup ## gather and build the translations; fails when a word is missing
	$(PYTHON) -m portal i18n

flows: setup ## draw docs/flows from the workflows
	$(PYTHON) -m portal flows

lock: ## lock the newest allowed versions, with hashes (needs uv)
	uv pip compile --upgrade --quiet --generate-hashes --universal --python-version 3.11 --only-binary :all: \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		requirements.in -o requirements.lock
	uv pip compile --upgrade --quiet --generate-hashes --universal --python-version 3.11 --only-binary :all: \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		-c requirements.lock requirements-test.in -o requirements-test.lock

setup:
	@python3 run.py setup
