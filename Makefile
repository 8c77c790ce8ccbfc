# Every command a person types here. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install build check test test-unit test-size test-headscale test-cluster cluster-up cluster-down demo up down trace keys doctor schemas overlay bench bench-cluster bench-tsnet bundle image-oci openapi fmt clean

# npm brings Node 24 itself on Linux, x64 and arm64 (the optional dependencies `node`, `node-arm64`); elsewhere the system's must be new enough.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export NODE_OPTIONS := --disable-warning=ExperimentalWarning

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: node_modules/.installed ## install the npm packages (pinned by package-lock.json)

node_modules/.installed: package.json package-lock.json tsnet-node/package.json
	@npm ci --no-progress --loglevel=error
	@node knative/check-node.mjs
	@touch $@

build: install ## compile the lab's programs once (Kubernetes, Knative Eventing, tailnet); cached outside the tree
	@node knative/lab/main.ts build

check: install ## types, lint, import direction, unused code
	@npm run --silent check

test: check build ## prove everything on real parts: API server, Knative Eventing, tailnet, Headscale
	@node tsnet-node/src/build-helper.ts --tests
	@node --test --test-timeout=240000 --test-concurrency=3 '{events,functions,knative,tsnet-node}/**/!(*.cluster).test.ts'

test-unit: check ## the tests that need no lab (seconds)
	@node --test --test-timeout=240000 '{events,functions,knative}/**/!(*.lab|*.cluster).test.ts'

test-size: build ## sweep 10 000 sessions of which 5 000 are past due (minutes)
	@TKA_SWEEP_SESSIONS=10000 node --test --test-timeout=1800000 functions/sweeper/size.lab.test.ts

test-headscale: install ## prove tsnet-node against Headscale, alone
	@node tsnet-node/src/build-helper.ts --tests
	@node --test --test-timeout=120000 'tsnet-node/tests/*.headscale.test.ts'

test-cluster: install ## prove it in real pods: a single-node Kubernetes with Knative on this machine (Linux, root; QUICK=1: minutes less)
	@node knative/cluster/main.ts build
	@QUICK=$(QUICK) node --test --test-timeout=1200000 --test-concurrency=1 'knative/**/*.cluster.test.ts'

cluster-up: install ## start that cluster and leave it running, for daily work; tests join it
	@node knative/cluster/main.ts up

cluster-down: install ## end it, whoever uses it, and remove what a killed one left
	@node knative/cluster/main.ts down

demo: build ## a person gets a badge over the tailnet and loses it again (KEEP=1 leaves everything up)
	@node knative/demo/main.ts play $(if $(KEEP),--keep)

up: build ## start the lab with TKA installed, for daily work; .lab/lab.json holds every address
	@node knative/demo/main.ts up

down: install ## stop what `make up` or `make demo KEEP=1` left running
	@node knative/demo/main.ts down

trace: build ## print the spans of one login and one logout as trees, from the tailnet to the Kubernetes calls and back
	@node knative/trace/main.ts

keys: install ## make signing keys and the public key set (DIR=keys)
	@node knative/keys.ts --dir $(or $(DIR),keys)

doctor: install ## look at an install in the current cluster, and say what to do (ARGS="--install tka --namespace tka-system")
	@node knative/doctor/main.ts $(ARGS)

schemas: install ## write the events' JSON Schemas (events/schemas) from the code
	@node knative/schemas.ts

overlay: install ## write what follows from an overlay's values.yaml (DIR=knative/overlays/tailscale)
	@node knative/overlay.ts $(or $(DIR),knative/overlays/tailscale)

bench: build ## measure logins and logouts against bare Kubernetes calls; table, and JSON in .lab/bench.json
	@node knative/bench/main.ts

bench-cluster: install ## measure an install on real pods: cold starts, logins, memory; table, and JSON in .lab/bench-cluster.json
	@node knative/cluster/main.ts build
	@node knative/bench/cluster/main.ts

bench-tsnet: install ## measure tsnet-node against the same server in Go; table, and JSON in .lab/bench-tsnet.json
	@node tsnet-node/bench/main.ts

bundle: install ## one JavaScript file per function in dist/, as the image carries them
	@node knative/bundle.ts

image-oci: install ## make the image as an OCI archive and its bills of materials in dist/, without a daemon (ARGS=--help)
	@node knative/image/main.ts $(ARGS)

openapi: install ## write functions/login/openapi/openapi.json, which login serves, from the schemas
	@node functions/login/openapi/write.ts
	@biome check --write functions/login/openapi/openapi.json

fmt: install ## format and fix what can be fixed
	@biome check --write .

clean: ## remove what the commands above made in the tree (never the caches outside it)
	@rm -rf dist .lab node_modules
