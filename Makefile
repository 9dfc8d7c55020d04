# Quill. `make run` serves the demonstration; `make test` proves it. Both do their own set-up.

PYTHON ?= python3
SETUP := $(PYTHON) sync-server/bootstrap.py
VENV := .venv/bin
NODE = $(shell $(PYTHON) sync-server/bootstrap.py node)
BROWSER = $(shell $(PYTHON) sync-server/bootstrap.py browser)
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run reset set-up check test test-server test-simulation test-e2e screenshots bench bench-app clean

# Prints how long a part took. Usage: $(call timed,name,command)
timed = @start=$$SECONDS; { $(2); }; echo "[time] $(1): $$((SECONDS - start)) s"

help: ## what there is to make
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: ## set up what is missing, then serve the demonstration
	@$(SETUP) server app
	@exec $(VENV)/quill serve

reset: ## throw the demonstration away
	@$(SETUP) server
	@$(VENV)/quill reset

set-up: ## everything that checks and tests need
	$(call timed,set-up,$(SETUP) tools packages app browser)

check: ## lint, types, imports, unit tests: under three minutes
	@$(SETUP) tools packages
	$(call timed,check,$(MAKE) --no-print-directory -s check-server check-app)

check-server:
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy sync-server/src sync-server/bootstrap.py shared-schemas/generate.py
	$(VENV)/lint-imports --config .importlinter
	$(VENV)/python shared-schemas/generate.py --check
	$(VENV)/pytest -q tests/contract tests/server/domain tests/server/records

check-app:
	cd pwa && $(NODE) node_modules/typescript/bin/tsc -p . --noEmit
	cd pwa && $(NODE) node_modules/typescript/bin/tsc -p ../tests --noEmit
	cd pwa && $(NODE) node_modules/eslint/bin/eslint.js . --max-warnings=0
	cd pwa && $(NODE) node_modules/vitest/vitest.mjs run

test: set-up check test-server test-simulation test-e2e ## everything, as it is proven before it lands
	@echo "All of Quill's tests passed."

test-server: ## the server on a real PostgreSQL
	@$(SETUP) tools
	$(call timed,server and contract,$(VENV)/pytest tests/server)

test-simulation: ## the app's sync engine against the real server, with a bad network
	@$(SETUP) tools packages
	$(call timed,simulation,$(VENV)/python tests/simulation/run.py)

test-e2e: ## two real browsers, the built app, the real server
	@$(SETUP) tools app
	$(call timed,end-to-end,QUILL_CHROMIUM="$(BROWSER)" $(NODE) --test --test-concurrency=1 tests/e2e/*.test.ts)

screenshots: ## the pictures in docs/images, from the real app
	@$(SETUP) tools packages app browser
	@QUILL_CHROMIUM="$(BROWSER)" $(NODE) tests/e2e/screenshots.ts

bench: ## the server's figures beside the machine's limits
	@$(SETUP) tools
	@$(VENV)/python tests/bench/run.py

bench-app: ## the app's figures in a real browser
	@$(SETUP) tools packages
	@QUILL_CHROMIUM="$(BROWSER)" $(NODE) tests/bench/app/run.ts

clean: ## remove what was built and installed, not the data
	rm -rf .venv pwa/node_modules pwa/dist
