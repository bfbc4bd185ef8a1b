# What one types. Every target runs on a fresh Debian with Rust, Node and a C compiler; `make test` fetches what else it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CONFIG ?= config
ARGS ?=
TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
TOOLS := $(CURDIR)/.tools
export PATH := $(TOOLS)/bin:$(PATH)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: ## build and start the server with the demo organisation (CONFIG=dir, ARGS=…)
	cargo build --release --locked --package server
	exec $(TARGET_DIR)/release/kolapp run --config $(CONFIG) $(ARGS)

.PHONY: test
test: install lint prompts-check test-rust test-docs ## everything: lint, prompts, unit, property and end-to-end tests

# The end-to-end tests start the server as a program, so it is built first.
.PHONY: test-rust
test-rust:
	cargo build --locked --package server
	KOLAPP_BIN=$(TARGET_DIR)/debug/kolapp cargo nextest run --locked --workspace --no-fail-fast

.PHONY: test-docs
test-docs:
	cargo test --locked --workspace --doc

.PHONY: lint
lint: ## formatting, clippy with the cores' bans, licences and sources of dependencies
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	tests/core-bans.sh
	cargo deny --locked --log-level error check licenses bans sources

.PHONY: install
install: ## the programs that the tests need and this machine lacks
	tests/install.sh

.PHONY: bench
bench: ## figures for calls, media, queue and registrar as one table
	cargo build --release --locked --package server
	KOLAPP_BIN=$(TARGET_DIR)/release/kolapp cargo run --release --locked --package tests --bin bench -- $(ARGS)

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
