# What Stint offers from a clone. Each target brings what it needs; `make help` lists them.
SHELL := /usr/bin/env bash
.DEFAULT_GOAL := help

# npm brings Node 24 (the devDependency `node`), whatever the machine's own is.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
installed := node_modules/.installed

.PHONY: help install test check verify demo e2e e2e-slow mutations chaos cluster-up cluster-down images bench soak bench-dev cli clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 16

install: $(installed)

$(installed): package.json package-lock.json $(wildcard */package.json)
	@echo "stint: installing npm packages"
	@# Not npm ci: it refuses a lock file that was made where other platforms' optional binaries were not to be had.
	@npm install --no-save --no-fund --no-audit --loglevel=error
	@touch $@

demo: cli ## the examples on a cluster in one process, and the story of their attempts; needs no Docker and no kubectl
	@node test/demo/main.ts

test: install ## unit, component and integration tests, and the scenarios on devcluster
	@npm test --silent

check: install ## types, lint, format, layers, unused code
	@npm run --silent check

verify: install ## what is generated is current, check, test
	@npm run --silent verify

e2e: install ## the scenarios on a real two-node cluster, brought up and torn down
	@node test/e2e/run.ts

e2e-slow: install ## those scenarios that take minutes each: lost nodes, pressure, shutdown, windows of 300 s
	@node test/e2e/run.ts --slow

mutations: install ## break devcluster in one place after the other; its contract has to notice each
	@node test/mutations/main.ts

chaos: install ## runs under faults by seed: SEED=7 replays one, RUNS=1000 plays so many
	@node test/chaos/main.ts

cluster-up: install ## a real two-node Kubernetes (kind)
	@test/cluster/up.sh

cluster-down: ## take it down, leaving nothing running
	@test/cluster/down.sh

images: install ## build the operator's and the runner's image
	@node test/e2e/images.ts

bench: cluster-up ## beside bare pods and the Job controller on simulated nodes: RUNS=60 is a quick trial
	@test/cluster/kwok.sh
	@eval "$$(test/cluster/env.sh)" && node test/bench/main.ts

soak: install ## a steady load of mixed runs on devcluster: MINUTES=60, RATE=1 a second
	@node test/bench/soak.ts

bench-dev: install ## how quick `stint dev` is, beside bare processes
	@node test/bench/dev.ts

cli: install ## build the CLI: cli/dist/stint.mjs
	@node cli/build.ts

clean: ## remove what is built here
	@rm -rf node_modules */node_modules */dist
