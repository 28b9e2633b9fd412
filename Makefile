# The words that people and CI use. `make` alone lists them.
SHELL := /bin/bash
VENV ?= .venv
PY := $(VENV)/bin/python
RUN := $(VENV)/bin/
# More than there are cores: the tests that run the program itself wait more than they work.
WORKERS ?= $(shell echo $$(( 2 * $$(nproc) + 1 )))
STRANGERS := tests/strangers

.PHONY: help setup check fix test strangers invite demo picture shots bench scale gatebench soak fuzz covered coverage mutants promises docs sentences ci clean

help:
	@echo "setup      a virtual environment with everything the work needs"
	@echo "check      style, types, floors, generated documents"
	@echo "fix        let ruff mend what it can"
	@echo "test       every test that needs no other program"
	@echo "invite     install the programs that nobody here wrote"
	@echo "strangers  the tests that meet programs nobody here wrote (installs them)"
	@echo "promises   every promise has tests, and they ran (after test and strangers)"
	@echo "demo       the main job, told as a story, on the embedded tenant"
	@echo "picture    draw the demo's last act again, for the README"
	@echo "shots      pictures of pages for the docs, by headless Chromium, on a lab of their own"
	@echo "bench      how fast, as ratios"
	@echo "scale      what a tenant of 250, 2,500, 10,000 mailboxes costs, and how that grows"
	@echo "gatebench  the gateway beside emailproxy and HAProxy, before one Dovecot: CPU as ratios"
	@echo "soak       the gateway under everything at once, for an hour; every message is counted"
	@echo "fuzz       both halves of the gateway under a fuzzer that follows coverage, two million runs"
	@echo "covered    every branch of the pure floors is reached, or listed with a reason"
	@echo "coverage   what the quick tests reach"
	@echo "mutants    do the tests bite? counts survivors in the heart"
	@echo "sentences  put the catalogues of other languages in order, and name what has no words yet"
	@echo "docs       write the generated documents again"

$(VENV)/ready: pyproject.toml
	@echo "--- setting up $(VENV)"
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --quiet --editable . --group dev
	@touch $@

setup: $(VENV)/ready

check: setup
	$(RUN)ruff format --check src tests benchmarks docs
	$(RUN)ruff check src tests benchmarks docs
	$(RUN)mypy
	$(RUN)lint-imports
	$(PY) tests/documents.py --check

fix: setup
	$(RUN)ruff check --fix src tests benchmarks docs
	$(RUN)ruff format src tests benchmarks docs

docs: setup
	$(PY) tests/documents.py --write

sentences: setup
	$(PY) tests/sentences.py

test: setup
	@rm -f .ran/test.json
	RAN=test $(RUN)pytest -n $(WORKERS) --dist worksteal -m "not stranger"
	@echo "left out here, run by 'make strangers':"
	@$(RUN)pytest --collect-only -q -o addopts= -m stranger | grep :: | cut -d: -f1 | sort | uniq -c

$(VENV)/strangers: $(VENV)/ready pyproject.toml $(STRANGERS)/apt.txt $(STRANGERS)/node/package.json
	@echo "--- installing the strangers"
	@missing=$$(sed 's/#.*//' $(STRANGERS)/apt.txt | xargs -n1 sh -c 'dpkg -s $$0 >/dev/null 2>&1 || echo $$0'); \
	if [ -n "$$missing" ]; then case "$$missing" in *postfix*) echo postfix postfix/main_mailer_type select No configuration | debconf-set-selections;; esac; apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi
	@mkdir -p $(VENV)/ssmtp && cd $(VENV)/ssmtp && if [ ! -x usr/sbin/ssmtp ]; then apt-get download -q ssmtp && dpkg -x ssmtp_*.deb .; fi
	$(PY) -m pip install --quiet --group strangers
	@if ! command -v npm >/dev/null; then apt-get update -q && apt-get install -y -q --no-install-recommends nodejs npm; fi
	npm install --prefix $(STRANGERS)/node --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

invite: $(VENV)/strangers

strangers: setup invite
	@rm -f .ran/strangers.json
	RAN=strangers $(RUN)pytest -n $(WORKERS) --dist loadfile -m stranger

promises: setup
	$(PY) tests/promises.py

demo: setup
	$(RUN)portineria demo

picture: setup
	$(RUN)portineria demo | $(PY) docs/pictures/draw.py

shots: setup
	$(PY) docs/pictures/shots.py

bench: setup
	$(PY) benchmarks/startup.py

scale: setup
	$(PY) benchmarks/scale.py $(SIZES)

gatebench: setup
	$(PY) benchmarks/gateway.py
	$(PY) benchmarks/path.py
	$(PY) benchmarks/crowd.py --sessions 9980
	$(PY) benchmarks/waits.py

soak: setup
	$(PY) tests/cli/soak.py

fuzz: setup
	$(PY) -m pip install --quiet --group fuzz
	$(PY) tests/gateway/fuzz.py

covered: setup
	$(PY) tests/covered.py

coverage: setup
	$(RUN)coverage erase
	$(RUN)coverage run -m pytest -m "not stranger and not slow"
	$(RUN)coverage combine --quiet
	$(RUN)coverage report --skip-covered --sort=cover

mutants: setup
	$(PY) tests/mutants.py

ci:
	bash .ci/run

clean:
	rm -rf $(VENV) .ran mutants .mypy_cache .ruff_cache .hypothesis
