# The two commands to know are `make run` and `make test`; both work on a machine with nothing prepared.
.DEFAULT_GOAL := help
.PHONY: help run test check storm bench openapi sqlx sabotage mutants clean
SHELL := /bin/bash

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## everything on this machine, one calendar shown, then serving until Ctrl-C (DEMO_ONLY=1: end after it)
	@deploy/local/run.sh

test: ## every test, against private servers (T=name: only integration tests of that name; T=web: only those of web/)
	@deploy/local/test.sh $(T)

check: ## what must hold before a push: format, clippy, generated files, tests
	@.ci/run

storm: ## thousands of jobs while workers are killed, paused, cut off from Postgres and the provider; a report of each (T=name: one of them)
	@TEST_THREADS=1 deploy/local/test.sh --ignored --nocapture $(or $(T),storm::)

bench: ## figures under load, recorded in docs/benchmarks/README.md
	@tests/load/run.sh

openapi: ## write api/openapi.yaml from the code
	@deploy/local/openapi.sh

sqlx: ## write .sqlx, the description of every checked query
	@deploy/local/sqlx.sh

sabotage: ## remove each guard in turn and see its test turn red (G=guard: only that one)
	@deploy/local/sabotage.sh $(G)

mutants: ## change the pure rules in one place at a time and see their unit tests fail (M=path: only files whose path starts with it)
	@deploy/local/mutants.sh $(M)

clean: ## remove builds, and what a killed `make run` left behind
	@deploy/local/clean.sh
