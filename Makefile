# Everything is done in this folder: a venv in .venv, npm packages in node_modules, compilers in .solc. Nothing needs to be
# active, and an active venv of something else does no harm. `make PYTHON=…` picks the interpreter.

.DEFAULT_GOAL := help
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONHOME PYTHONPATH SOLCX_BINARY_PATH UV_PROJECT_ENVIRONMENT
export PATH := $(PATH):$(CURDIR)/node_modules/.bin

BIN := .venv/bin
PY := $(BIN)/python
# The first that runs and can make a venv. 3.12 and 3.11 come first: not every package is built for newer ones.
PYTHONS := $(PYTHON) python3.12 python3.11 python3 python3.13 python3.14 python
# A venv does not survive being moved
ELSEWHERE := $(shell [ -e .venv/.root ] && [ "$$(cat .venv/.root)" != "$$PWD" ] && rm -rf .venv)

.PHONY: help setup setup-test demo test check bench lock clean tools

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: tools .venv/.installed node_modules/.ready ## Set everything up, or bring it up to date: Python, npm packages, contracts
	@$(PY) -m terrarium.chain.compile

setup-test: tools .venv/.installed node_modules/.ready-test
	@$(PY) -m terrarium.chain.compile

demo: setup ## Run a property crash on Anvil, live in the terminal, and write its report
	@$(BIN)/terrarium run property_crash --report --out "runs/demo-$$(date +%Y%m%d-%H%M%S)"

test: setup-test ## Run every test: Python, contracts through Ape, contracts through forge
	@failed=; \
	$(PY) -m pytest || failed="$$failed pytest"; \
	$(BIN)/ape test || failed="$$failed ape"; \
	forge test || failed="$$failed forge"; \
	[ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }

check: setup-test ## Check style, types, walls between packages, and Solidity
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# mypy and import-linter look for terrarium.agents below terrarium; it stands beside it
	@rm -rf .types && mkdir -p .types/terrarium && for entry in terrarium/* agents; do ln -s "../../$$entry" .types/terrarium/; done
	cd .types && ../$(BIN)/mypy --config-file ../pyproject.toml
	cd .types && ../$(BIN)/lint-imports --config ../pyproject.toml --no-cache
	forge fmt --check
	solhint --max-warnings 0 'contracts/**/*.sol'
	$(BIN)/slither . --compile-force-framework foundry --filter-paths node_modules --exclude-dependencies

bench: setup-test ## Run the benchmarks
	$(PY) -m benchmarks

lock: .venv/.installed ## Resolve the Python and npm packages anew
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --generate-hashes --python-version 3.11 -o requirements.lock
	npm install --package-lock-only

clean: ## Remove everything that was set up or built; runs stay
	rm -rf .venv .solc .types .build node_modules terrarium/artifacts build dist *.egg-info
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

tools:
	@command -v node >/dev/null && command -v npm >/dev/null || { \
		echo "error: no Node found; install Node 20 or newer (https://nodejs.org)"; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { \
		echo "error: Node $$(node --version) is too old; install 20 or newer (https://nodejs.org)"; exit 1; }

.venv/bin/python:
	@for python in $(PYTHONS); do \
		command -v "$$python" >/dev/null 2>&1 || continue; \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { lacks="$$lacks $$python"; continue; }; \
		echo "making .venv with $$("$$python" --version)"; \
		rm -rf .venv && "$$python" -m venv .venv && pwd >.venv/.root; exit; \
	done; \
	[ -z "$$lacks" ] || echo "error:$$lacks cannot make a venv; install it (Debian, Ubuntu: apt-get install python3-venv)"; \
	[ -n "$$lacks" ] || echo "error: no Python 3.11 or newer found; install one, or say where it is: make PYTHON=/path/to/python3.12"; \
	exit 1

.venv/.locked: requirements.lock .venv/bin/python
	@echo "installing the locked Python packages (the first time takes a minute or two)"
	@# uv, by the hash in the lock
	@awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' requirements.lock >.venv/uv.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.lock
	@$(BIN)/uv pip sync --quiet --python $(PY) --require-hashes requirements.lock
	@touch $@

.venv/.installed: .venv/.locked pyproject.toml setup.py scripts/venv.pth
	@$(BIN)/uv pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	@cp scripts/venv.pth "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/terrarium-tools.pth"
	@touch $@

# Hardhat, forge and the linters are large, so only tests and checks bring them
node_modules/.ready: package-lock.json .npmrc
	@if [ node_modules/.ready-test -nt package-lock.json ]; then :; else \
		echo "installing the locked npm packages" && npm ci --omit=dev --loglevel=error; fi
	@touch $@

node_modules/.ready-test: package-lock.json .npmrc scripts/forge/package.json
	@echo "installing the locked npm packages, Hardhat, forge and the linters among them"
	@npm ci --loglevel=error
	@touch $@ node_modules/.ready
