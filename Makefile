# SPDX-License-Identifier: GPL-3.0-or-later
# One word per task; Meson and Ninja do the work. BUILD, CHECK and STATE may be set on the command line.
BUILD ?= build
CHECK ?= build-check
STATE ?= .state
SEED ?=
T ?=
S ?= 60
ARGS ?=
DESTDIR ?=
PREFIX ?= /usr
PYTHON = /usr/bin/python3

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	scripts/deps.sh build
	meson setup $(BUILD) -Dbuildtype=release -Db_lto=false -Dprefix=$(PREFIX)

# The main job on real input: printer, print server and share on loopback, from nothing.
demo: all
	scripts/deps.sh demo
	$(PYTHON) scripts/demo.py

run: all
	$(BUILD)/printtrail --state $(STATE) serve

install: all
	DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild

# Units, golden bytes and the contract suite: under 30 s.
test: $(CHECK)/build.ninja
	ninja -C $(CHECK)
	meson test -C $(CHECK) --no-rebuild --suite unit --suite golden --suite contract

$(CHECK)/build.ninja:
	scripts/deps.sh build
	meson setup $(CHECK) -Dbuildtype=debugoptimized -Db_sanitize=address,undefined -Dwerror=true -Dfaults=true

# Everything, as CI does.
check:
	scripts/deps.sh test
	scripts/check.sh $(CHECK)

it: $(CHECK)/build.ninja
	scripts/deps.sh test
	ninja -C $(CHECK)
	PRINTTRAIL=$(CHECK)/printtrail $(PYTHON) -m pytest -q tests/integration

sim: $(CHECK)/build.ninja
	ninja -C $(CHECK)
	SIM_SEED=$(SEED) meson test -C $(CHECK) --no-rebuild --suite simulation --print-errorlogs

fault: $(CHECK)/build.ninja
	scripts/deps.sh test
	ninja -C $(CHECK)
	PRINTTRAIL=$(CHECK)/printtrail $(PYTHON) -m pytest -q tests/fault

fuzz:
	scripts/deps.sh test
	scripts/fuzz.sh "$(T)" $(S)

bench: all
	scripts/deps.sh bench
	scripts/bench.sh $(BUILD) $(ARGS)

tidy: $(CHECK)/build.ninja
	scripts/deps.sh test
	ninja -C $(CHECK)
	clang-tidy -p $(CHECK) --quiet $$(git ls-files 'src/*.c')

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD) $(CHECK) $(BUILD)-fuzz

.PHONY: all demo run install test check it sim fault fuzz bench tidy format clean
