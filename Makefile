# Two commands do everything: `make demo` to try mailcli, `make check` to prove it.
# All of them work in a fresh clone; CONTRIBUTING.md has the table.

PYTHON ?= python3
VENV := .venv
# Twice the cores: half of the time, a test waits for a server. Who has nothing left takes from
# the others, so that nobody's tests wait behind a long one.
WORKERS := $(shell expr 2 \* $$(nproc 2>/dev/null || echo 2))
PYTEST := -m pytest -q -n $(WORKERS) --dist worksteal -m "not soak and not bench"
BIN := $(VENV)/bin
# Bytecode is kept, whatever the environment says: each worker would compile all tests anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo check format format-check lint types compiled test coverage newest test-newest soak bench completions clean
.DEFAULT_GOAL := check

$(VENV)/.demo: pyproject.toml .ci/venv
	@.ci/venv $(VENV) demo
	@touch $@

$(VENV)/.dev: pyproject.toml .ci/venv .ci/constraints.txt
	@.ci/venv $(VENV) dev
	@touch $@

demo: $(VENV)/.demo
	@$(BIN)/mailcli demo

# What one core can do at a time is done two at a time; and while the tests on one Python wait for
# a server, those on the other run.
check: $(VENV)/.dev
	@.ci/servers
	@$(MAKE) --no-print-directory -j2 format-check lint types compiled newest
	@$(MAKE) --no-print-directory -j2 test test-newest

format: $(VENV)/.dev
	$(BIN)/ruff format src tests
	$(BIN)/ruff check --fix src tests

format-check: $(VENV)/.dev
	$(BIN)/ruff format --check src tests

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests

types: $(VENV)/.dev
	$(BIN)/mypy

# Once for all workers, which would each do it in a fresh tree. What is wrong, they tell.
compiled: $(VENV)/.dev
	@$(BIN)/python -m pytest --collect-only -q >/dev/null 2>&1 || true

test: $(VENV)/.dev
	$(BIN)/python $(PYTEST)

# Apart from `check`: it takes half as long again, and on Python 3.11 two threads that begin
# to be traced at once can fail a test.
coverage: $(VENV)/.dev
	$(BIN)/python $(PYTEST) --cov --cov-report=term

# What may depend on the interpreter, on the newest Python of this machine, where it is another one.
test-newest: newest
	@.ci/newest $(PYTEST) -n 2

newest: $(VENV)/.dev
	@.ci/newest

soak: $(VENV)/.dev
	@.ci/servers
	$(BIN)/python -m pytest -m soak --timeout=3600

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench $(BENCH)

completions: $(VENV)/.dev
	$(BIN)/python -m mailcli.cli.generate

clean:
	rm -rf $(VENV) $(VENV)-newest .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
