# What one types. Every target runs on a fresh Debian with Rust, Node and a C compiler; `make test` fetches what else it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CONFIG ?= config
ARGS ?=
TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
TOOLS := $(CURDIR)/.tools
PAGES := crates/web/ui
export PATH := $(TOOLS)/bin:$(PATH)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: pages ## build and start the server with the demo organisation (CONFIG=dir, ARGS=…)
	cargo build --release --locked --package server
	exec $(TARGET_DIR)/release/kolapp run --config $(CONFIG) $(ARGS)

.PHONY: test
test: install lint prompts-check test-pages test-rust test-docs ## everything: lint, prompts, unit, property and end-to-end tests

# The end-to-end tests start the server as a program: it is built beside them, for the tests of the package `server`. Built by itself
# it would have fewer features of what it stands on, and all of that be built twice.
.PHONY: test-rust
test-rust: pages
	KOLAPP_BIN=$(TARGET_DIR)/debug/kolapp cargo nextest run --locked --workspace --no-fail-fast

# vitest closes on "Tests  35 passed (35)".
.PHONY: test-pages
test-pages: $(PAGES)/node_modules/.package-lock.json
	npm --prefix $(PAGES) --silent test

.PHONY: test-docs
test-docs:
	cargo test --locked --workspace --doc

.PHONY: lint
lint: lint-pages ## formatting, clippy with the cores' bans, types and style of the pages, licences and sources of dependencies
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	tests/core-bans.sh
	cargo deny --locked --log-level error check licenses bans sources

.PHONY: lint-pages
lint-pages: $(PAGES)/node_modules/.package-lock.json
	npm --prefix $(PAGES) --silent run check

.PHONY: pages
pages: $(PAGES)/dist/index.html ## build the pages, which what is built after them has in it

$(PAGES)/dist/index.html: $(PAGES)/node_modules/.package-lock.json $(PAGES)/openapi.json $(wildcard $(PAGES)/*.html $(PAGES)/*.ts $(PAGES)/*.js) $(shell find $(PAGES)/src $(PAGES)/public -type f ! -name schema.d.ts)
	npm --prefix $(PAGES) --silent run build

$(PAGES)/node_modules/.package-lock.json: $(PAGES)/package-lock.json
	npm ci --prefix $(PAGES) --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

.PHONY: pages-dev
pages-dev: $(PAGES)/node_modules/.package-lock.json ## the pages from their sources, before a server that runs (KOLAPP_HTTP=http://…)
	npm --prefix $(PAGES) run types
	npm --prefix $(PAGES) run dev

.PHONY: install
install: ## the programs that the tests need and this machine lacks
	tests/install.sh

.PHONY: bench
bench: ## figures for calls, media, queue and registrar as one table
	cargo build --release --locked --package server
	KOLAPP_BIN=$(TARGET_DIR)/release/kolapp cargo run --release --locked --package tests --bin bench -- $(ARGS)

.PHONY: chaos
chaos: ## kill the server a hundred times under callers and agents (CHAOS_ROUNDS=…, CHAOS_SEED=… repeats a run's choices)
	cargo build --locked --package server
	CHAOS_ROUNDS=$(or $(CHAOS_ROUNDS),100) KOLAPP_BIN=$(TARGET_DIR)/debug/kolapp \
		cargo nextest run --locked --workspace --profile chaos --test chaos --no-capture

.PHONY: fuzz
fuzz: ## fuzz what reads from the network
	tests/fuzz/run.sh $(ARGS)

.PHONY: audit
audit: ## known vulnerabilities of dependencies (downloads the advisory database)
	cargo deny --locked check advisories

.PHONY: prompts
prompts: ## make the voice prompts and music again from prompts/texts.toml
	tests/install.sh prompts
	python3 -B prompts/make.py

.PHONY: prompts-check
prompts-check: ## the prompts are all there, in shape, and what texts.toml says
	python3 -B prompts/check.py

.PHONY: clean
clean: ## remove what was built, but not the tools
	cargo clean
