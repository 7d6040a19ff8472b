# Everything a person or a build machine does with the project. Nothing here
# needs the network once packages and modules are present.

GO         ?= go
BIN        := bin
TOOLS      := $(BIN)/tools
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# The S3 server of the tests, at the version that internal/testkit starts.
S3SERVER   := github.com/versity/versitygw/cmd/versitygw@v1.8.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
# One static binary, the same from the same commit wherever it is built.
BUILDFLAGS := -trimpath -ldflags '-s -w'
PLATFORMS  := linux/amd64 linux/arm64 linux/arm linux/riscv64 darwin/amd64 darwin/arm64 windows/amd64
# Packages in which goroutines share memory; the race detector runs on these.
RACE       := ./ostree/... ./offline/... ./publish/... ./server/... ./client/... ./internal/... ./commands
# Tests that replay or unpack the same a thousand times show it nothing new.
RACE_SKIP  := FlippedBit|PowerCut|AFullTemporaryDisk|ThereIsNoRoomHere|XZBomb|WhatXZWrites|XZReads|FloodedKey|ThatSendsForEver|HostileReposAreRefused
FUZZTIME   ?= 20s
RUNS       ?= 3
SUITE_PACKAGES  := ostree-tests gnupg attr openssl python3-yaml
TEST_PACKAGES   := curl jq gcc libc6-dev softhsm2 opensc dbus gnome-keyring ostree e2fsprogs cpio bzip2 zstd zsh fish nginx exfat-fuse exfatprogs $(SUITE_PACKAGES)
DEMO_PACKAGES   := ostree e2fsprogs python3 curl
BENCH_PACKAGES  := ostree e2fsprogs python3 curl nginx
DEVICE_PACKAGES := ostree qemu-system-x86 u-boot-qemu u-boot-tools mtools mmdebstrap e2fsprogs cpio
# Root keeps the caller's Go and modules, but builds into a cache of its own:
# files of root in the caller's would stop the caller's next build.
SUDO := $(if $(filter-out 0,$(shell id -u)),sudo -E env "PATH=$$PATH" "HOME=$$HOME" "GOCACHE=$(shell $(GO) env GOCACHE)-root")

.PHONY: all build generate lint cross reproducible test test-suite mutation fuzz fuzz-long fuzz-keep kills bench demo test-device clean packages

all: build

build:
	CGO_ENABLED=0 $(GO) build $(BUILDFLAGS) -o $(BIN)/otactl .

# What is generated from the command tree; tests compare it.
generate:
	@mkdir -p completions/man docs
	$(GO) run . completion bash > completions/otactl.bash
	$(GO) run . completion zsh > completions/_otactl
	$(GO) run . completion fish > completions/otactl.fish
	$(GO) run . completion powershell > completions/otactl.ps1
	rm -f completions/man/*.1
	$(GO) run . man --dir completions/man
	$(GO) run . help exit-codes > docs/exit-codes.md
	$(GO) run . help environment > docs/env.md

lint:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) mod verify
	@scripts/tool $(TOOLS) $(STATICCHECK) ./...
	@scripts/tool --may-fail $(TOOLS) $(GOVULNCHECK) ./...
	$(GO) test ./tests -run 'TestArch|TestGenerated|TestEveryCommand'
	@$(MAKE) --no-print-directory cross

# The binary has to build for every platform it is released for.
cross:
	@for p in $(PLATFORMS); do echo "build $$p"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -o /dev/null . || exit 1; done

# The same commit gives the same bytes; run before a release.
reproducible:
	scripts/reproducible

# Needs root, for owners of files and for deployments in scratch folders.
test: packages
	$(GO) mod download
	@scripts/tool $(TOOLS) $(S3SERVER) --version
	$(SUDO) $(GO) test -timeout 15m ./...
	$(SUDO) env CGO_ENABLED=1 $(GO) test -tags pkcs11 -timeout 15m ./tuf/pkcs11
	$(SUDO) $(GO) test -race -skip '$(RACE_SKIP)' -timeout 12m $(RACE)
	$(MAKE) --no-print-directory fuzz FUZZTIME=2000x

# The shell tests of Debian's ostree-tests with otactl in the place of ostree
# and no other ostree in reach; a table of all of them. make test-suite
# [LOGS=DIR] [SCRIPTS="test-help.sh …"]
test-suite: build
	@scripts/packages $(SUITE_PACKAGES)
	$(SUDO) $(GO) run ./tests/suite $(if $(LOGS),-keep $(LOGS)) $(BIN)/otactl $(SCRIPTS)

# Breaks each check of the TUF verifier in turn and runs its tests: one that can
# go without a test failing is an error. make mutation [ONLY=trust.go,key.go]
mutation:
	$(GO) run ./tests/mutation -o docs/mutation.md $(if $(ONLY),-only $(ONLY))

# A real publisher and a real server, one of them killed at random KILLS times;
# and KILLS rounds in which otactl and ostree work on one repo, some of them
# killed. Prints the seed. make kills [KILLS=N] [SEED=N]
kills:
	$(GO) test ./tests -run TestRandomKills -v -timeout 60m -kills $(or $(KILLS),100) -kill-files 3000 $(if $(SEED),-kill-seed $(SEED))

# Each fuzz target for FUZZTIME, from its committed corpus on and at the lowest
# priority; prints a table. make fuzz [FUZZTIME=20s] [FUZZJOBS=N] [ONLY=WORD]
fuzz:
	@scripts/fuzz $(FUZZTIME) '$(FUZZJOBS)' '$(ONLY)'

# The same for an hour each.
fuzz-long:
	@scripts/fuzz 60m '$(FUZZJOBS)' '$(ONLY)'

# Pack what fuzzing has found interesting, to be committed.
fuzz-keep:
	@grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u | xargs scripts/fuzz-corpus pack

# Each claim on speed and memory, beside a peer that does the same work; needs
# root for deployments. make bench [RUNS=N] [ONLY=WORD]; docs/benchmarks.md has
# figures, and says which peers of a push have to be built by hand.
bench: build
	@scripts/packages $(BENCH_PACKAGES)
	$(SUDO) $(GO) run ./tests/bench $(BIN)/otactl $$($(SUDO) $(GO) run ./internal/testkit/rootfs -large | head -n1 | xargs dirname) $(RUNS) '$(ONLY)'

# make demo [KEEP=DIR]: the main job from end to end; needs root for deployments.
demo: build
	@echo "demo: needs root (for deployments), and the Debian packages: $(DEMO_PACKAGES)"
	@scripts/packages $(DEMO_PACKAGES)
	$(SUDO) tests/demo/demo.sh $(BIN)/otactl $(KEEP)

# Installs a bundle on a virtual device that is really booted; needs root.
test-device:
	@scripts/packages $(DEVICE_PACKAGES)
	$(SUDO) $(GO) test -tags device -count=1 -timeout 20m -v ./tests/device

# Debian packages that tests use; installed only if missing.
packages:
	@scripts/packages $(TEST_PACKAGES)

clean:
	rm -rf $(BIN) dist
