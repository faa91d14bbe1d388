# SPDX-License-Identifier: MIT
#
# The targets of a human; "make help" lists them. Objects and flags of the
# module are in Kbuild, those of user space in scripts/flags.mk.

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := all

O ?= build
override O := $(abspath $(O))
export O

PREFIX ?= /usr/local
DESTDIR ?=
export PREFIX DESTDIR

# What scripts/build-module takes from the environment.
KVER ?=
KDIR ?=
export ARCH CROSS_COMPILE WN_DEBUG V

# The kernel to build for: a tree, a name, the running one, else Debian's 6.12.
running := $(if $(wildcard /lib/modules/$(shell uname -r)/build/Makefile),$(shell uname -r))
kernel = $(or $(KDIR),$(KVER),$(running),6.12)

##@ Start here

demo: ## build all, load the module (here, or in a virtual machine), show it at work
	@scripts/setup build
	@scripts/demo

check: ## an hour: unit, ABI, layers, static, guests with 6.1, 6.12, UML, papers, DKMS
	@scripts/setup build vm kernels check dkms debian
	@selftests/check --plan check

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9_-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "KVER=6.1|6.12|debug|kcsan|uml|uml-debug|RELEASE and KDIR=TREE say for which kernel, O= where"
	@echo "products go (build/), V=1 shows commands, WERROR=1 makes warnings errors."

##@ Build

all: modules lib tools examples ## the module for this kernel (or KVER=, KDIR=), library, tools, examples

modules: ## worknode.ko for KVER=, KDIR= or the running kernel, in build/modules-RELEASE
	+@scripts/build-module "$(kernel)"

modules-strict: ## the same from scratch with W=1 and sparse; a warning fails it
	+@scripts/build-module --strict "$(kernel)"

lib: ## libwn and libwn-embed, static and shared
	@$(MAKE) -C libwn
	@$(MAKE) -C embed

tools: lib ## the command line tool wn
	@$(MAKE) -C tools/wn

examples: lib ## the examples
	@$(MAKE) -C examples

tests: lib ## the selftests, 64 and 32 bits
	@$(MAKE) -C selftests
	@$(MAKE) -C selftests/embed plain

bench: ## build and run the benchmarks (some minutes); JSON in build/bench, plots with REPORT=DIR
	@scripts/setup build bench vm kernels
	@bench/all $(REPORT)

bench-quick: ## instructions per op against the committed baseline, under a minute
	@scripts/setup build bench vm
	@bench/quick/run

bench-peers: ## install what the benchmarks compare with, as far as Debian has it
	@scripts/setup bench bench-peers

##@ Test

check-debug: ## the selftests on kernels with KASAN+lockdep+kmemleak, KCSAN, and debug UML
	@scripts/setup build vm kernels
	@selftests/check --plan debug

check-all: ## both, and what takes long: packages, storms, lanes, coverage, the runner on every kernel
	@scripts/setup build vm kernels check dkms debian
	@selftests/check --plan check --plan debug --plan all

check-arm64: ## nightly: cross-built, in an emulated arm64 guest (which shows no weak ordering)
	@scripts/setup build arm64
	@selftests/check --plan arm64

unit: ## the core in user space: plain, with sanitizers, 32 bits
	@$(MAKE) -C selftests/unit check

check-embed: ## libwn and its tests on the engine in the same process: plain, sanitizers, 32 bits
	@$(MAKE) -C selftests/embed check

fuzz: ## the core under libFuzzer, each fuzzer for TIME seconds (60)
	@$(MAKE) -C selftests/fuzz-core check

soak: ## longer: SOAK minutes (60) of histories, fuzzers, laws of cells, one after the other
	@scripts/soak $(or $(SOAK),60)
soak-lanes: ## longer: SOAK records (100000000) of random sizes from one process to another, each byte checked
	@$(MAKE) -s -C selftests/embed $(O)/selftests/embed/plain/host_exchange
	@WN_SOAK_RECORDS=$(or $(SOAK),100000000) $(O)/selftests/embed/plain/host_exchange -t soak

coverage: ## lines and branches of the core that the unit tests reach
	@scripts/coverage

abi: ## size and offset of every field, and the golden dump
	@scripts/abi

layers: ## who may include whom
	@scripts/layers

spdx: ## a licence line in every file
	@scripts/spdx

static: ## cppcheck, clang-tidy, shellcheck, core-static
	@scripts/static

##@ Install

# The loader finds a library in /usr/local/lib by its cache. Into a DESTDIR, or a folder of
# one's own without root, there is none to tell.
loader = [ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || PATH=$$PATH:/sbin:/usr/sbin ldconfig

install: lib tools ## library, headers, tools, units, the package for Python to DESTDIR and PREFIX (/usr/local)
	@$(MAKE) -C libwn install
	@$(MAKE) -C embed install
	@$(MAKE) -C tools/wn install
	@$(MAKE) -C ops install
	@$(MAKE) -C python install
	@$(loader)

uninstall: ## remove what install put there
	@$(MAKE) -C libwn uninstall
	@$(MAKE) -C embed uninstall
	@$(MAKE) -C tools/wn uninstall
	@$(MAKE) -C ops uninstall
	@$(MAKE) -C python uninstall
	@$(loader)

dkms-install: ## add, build and install the module by DKMS for KVER= or the running kernel
	@scripts/setup dkms
	@scripts/dkms install "$(or $(KVER),$(shell uname -r))"

dkms-remove: ## take it out of all kernels again
	@scripts/dkms remove

##@ Clean

clean: ## remove build/
	@rm -rf "$(O)"

distclean: clean ## and the cache of kernels outside the tree
	@rm -rf "$${WORKNODE_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/worknode}"

.PHONY: all soak-lanes demo check help modules modules-strict lib tools examples tests bench bench-quick bench-peers \
	check-debug check-all check-arm64 unit check-embed abi layers spdx static install \
	uninstall dkms-install dkms-remove clean distclean
