# What a person types. Everything that is downloaded goes to .tools, everything that is built to build; git ignores both.
#
#   make demo    Weir, a demo provider and an Envoy on 127.0.0.1:10000, a tour, then yours until Ctrl-C
#   make tour    the same, ends after the tour, fails if any answer differs
#   make test    every test, end to end through Envoy included, under the race detector; allocations without it
#   make oldest  what touches Envoy, on the oldest that is supported
#   make matrix  everything that runs an Envoy, on each minor that is supported: some minutes each; the table goes to docs/envoy-versions.md
#   make check   the checks of form: vet, gofmt, staticcheck
#   make fuzz    every fuzz target for a few seconds, the four of streams for more
#   make bench   the benchmarks, one of them on a trail of a million records (3 GB, temporary); figures go to build/figures
#   make eval    how well the detectors find what they should, by type: make eval, or make eval DATA=DIR; figures go to build/figures
#   make train   trains the embedded models anew: make train DATA=DIR
#   make peers   Weir's rules beside gitleaks' and Microsoft Presidio's: what is missed, and how long 4 KB take
#   make engine  docker-compose.yml and the image on a Docker engine; the official images are stand-ins, built here
#   make manifests  the Helm chart and the manifests of deploy, held to the types and schemas of Kubernetes, Istio and Envoy Gateway
#   make gateway the tour through a real Envoy Gateway, in a network namespace of its own
#   make clean   takes away what was built, but not what was downloaded

GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Inputs, not seconds: at the end of a time the fuzzing engine may call its own deadline a failure.
FUZZTIME = 1000x
FUZZTIME_STREAM = 1500x

# The exact file names are given to every recipe, whatever characters the checkout's path has.
extproc = build/extproc
setup = tools/setup

# The cases in which minors of Envoy differ, or could: what each of them does to bodies, streams, replies, retries and xDS.
old = TestMinors|TestGoverningOnly|TestCheckOfARunningEnvoy|TestServedOverXDS|TestProvidersChange|TestFallback|TestWeirDies|TestWeirStops|TestUneditedBytes|TestEveryAnswer|TestLargeBodies

.PHONY: help demo tour build test oldest matrix check fuzz bench train eval peers engine manifests gateway clean

help:
	@sed -n 's/^#   //p' Makefile

build:
	@$(setup) step 'building Weir' $(GO) build -o $(extproc) ./cmd/extproc

demo: build
	@envoy=$$($(setup) envoy) && exec $(extproc) demo --envoy "$$envoy"

tour: build
	@envoy=$$($(setup) envoy) && exec $(extproc) demo --envoy "$$envoy" --tour-only

test:
	@ENVOY=$$($(setup) envoy) && REDIS_SERVER=$$($(setup) redis) && WEIR_PYTHON=$$($(setup) python) && WEIR_NODE=$$($(setup) node) && \
	PROMETHEUS=$$($(setup) prometheus) && WEIR_SCHEMATHESIS=$$($(setup) schemathesis) && \
	export ENVOY REDIS_SERVER PROMETHEUS WEIR_PYTHON WEIR_NODE WEIR_SCHEMATHESIS WEIR_REQUIRE_ENVOY=1 WEIR_REQUIRE_SDKS=1 && \
	$(GO) test -race -timeout 20m ./... && \
	$(GO) test -run Allocates ./policy ./policy/detect && \
	cd test/deploy && exec $(GO) test ./compose

oldest:
	@ENVOY=$$($(setup) envoy oldest) && REDIS_SERVER=$$($(setup) redis) && export ENVOY REDIS_SERVER WEIR_REQUIRE_ENVOY=1 && \
	$(GO) test -race -count=1 -timeout 10m ./envoy && \
	exec $(GO) test -race -count=1 -timeout 10m -run '$(old)' ./test/e2e

matrix:
	@mkdir -p build/matrix && rm -f build/matrix/*.txt && REDIS_SERVER=$$($(setup) redis) && WEIR_PYTHON=$$($(setup) python) && WEIR_NODE=$$($(setup) node) && \
	export REDIS_SERVER WEIR_PYTHON WEIR_NODE WEIR_REQUIRE_ENVOY=1 WEIR_REQUIRE_SDKS=1 && \
	for version in $$($(setup) envoys); do \
		ENVOY=$$($(setup) envoy "$$version") && export ENVOY || exit 1; \
		echo "Envoy $$version"; \
		$(GO) test -count=1 -v -timeout 40m ./envoy ./test/e2e >"build/matrix/$$version.txt" 2>&1 || echo "  failed: build/matrix/$$version.txt"; \
	done && \
	exec $(GO) run ./tools/matrix -write docs/envoy-versions.md build/matrix/*.txt

check:
	@test -z "$$(gofmt -l .)" || { echo 'not in gofmt form:' && gofmt -l . && exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

# One target at a time, as go test -fuzz wants it. Two workers: more would measure the machine's patience.
fuzz:
	@$(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | while read -r room; do \
		$(GO) test -list '^Fuzz' "$$room" | grep '^Fuzz' | while read -r target; do \
			time=$(FUZZTIME); \
			case "$$room $$target" in "weir/filter Fuzz"[CINR]*) time=$(FUZZTIME_STREAM) ;; esac; \
			echo "fuzzing $$room $$target for $$time"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime "$$time" -fuzzminimizetime 10x -parallel 2 "$$room" </dev/null || exit 1; \
		done || exit 1; \
	done

bench:
	@ENVOY=$$($(setup) envoy) && REDIS_SERVER=$$($(setup) redis) && WEIR_REPLAY_RECORDS=1000000 && export ENVOY REDIS_SERVER WEIR_REPLAY_RECORDS && \
	exec $(GO) test -run '^$$' -bench . -benchmem -timeout 30m ./...

train:
	@test -n "$(DATA)" || { echo 'make train: say where the data is: make train DATA=DIR' >&2; exit 2; }
	$(GO) run ./tools/train -data "$(DATA)"

eval:
	$(GO) test -count=1 -v -run BusinessText ./test/eval
	@$(GO) run ./tools/eval -data "$(DATA)"
	@test -z "$(DATA)" || $(GO) run ./tools/train -data "$(DATA)" -measure

peers:
	@WEIR_PRESIDIO=$$($(setup) presidio) && export WEIR_PRESIDIO && \
	cd test/peer/gitleaks && exec $(GO) test -count=1 -v -run Test -bench . .

# BUSYBOX is what the stand-in for Go's image has for a shell; PROMETHEUS may be left out.
engine:
	@ENVOY=$$($(setup) envoy) && REDIS_SERVER=$$($(setup) redis) && WEIR_BUSYBOX=$$(command -v "$(or $(BUSYBOX),busybox)") && \
	WEIR_PROMETHEUS=$$(command -v "$(or $(PROMETHEUS),prometheus)" || :) && WEIR_DOCKER=1 && \
	export ENVOY REDIS_SERVER WEIR_BUSYBOX WEIR_PROMETHEUS WEIR_DOCKER && \
	cd test/deploy && exec $(GO) test -count=1 -v -timeout 60m ./compose

manifests:
	cd test/deploy && exec $(GO) test -count=1 ./kube

# Needs root, for the network namespace.
gateway: build
	@$(setup) step 'building Envoy Gateway' $(GO) build -C test/peer/gateway -o "$$PWD/build/envoy-gateway" github.com/envoyproxy/gateway/cmd/envoy-gateway
	@ENVOY=$$($(setup) envoy) && WEIR_ENVOY_GATEWAY=$$PWD/build/envoy-gateway && WEIR_EXTPROC=$$PWD/$(extproc) && \
	export ENVOY WEIR_ENVOY_GATEWAY WEIR_EXTPROC && \
	cd test/deploy && exec $(GO) test -count=1 -v -timeout 10m ./gateway

clean:
	rm -rf build
