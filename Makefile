# Two commands matter: `make demo` and `make test`. Both make their own Python environment in .cache/ first.
.DEFAULT_GOAL := help
.PHONY: help setup demo rehearse test measure benchmark format lock release clean
# Compiled bytecode is wanted: without it every process pays for compiling the SDKs.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK = 1
VENV := .cache/venv/bin
PYTHON_TOOLS := $(VENV)/python
ARGS ?=

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: ## make the Python environment in .cache/venv (the other commands do it by themselves)
	@sh scripts/environment.sh

demo: setup ## upgrade a simulated fleet of six clusters, twice (CONTROL_PLANE=2: two of them on a real Kubernetes API)
	@$(PYTHON_TOOLS) -m scripts.demo $(if $(CONTROL_PLANE),--control-plane $(CONTROL_PLANE)) $(ARGS)

rehearse: setup ## simulate the demonstration's fleet until Ctrl-C, with an environment for playbooks, az and kubectl
	@$(PYTHON_TOOLS) -m scripts.rehearse $(ARGS)

test: setup ## run every check and test (ARGS="--only unit lint" for some of them)
	@$(PYTHON_TOOLS) -m scripts.run_tests $(ARGS)

measure: setup ## rooms, arrows, circles, duplicates, sizes, types; coverage of all tests (ARGS=--no-coverage: without)
	@$(PYTHON_TOOLS) -m scripts.measure $(ARGS)

benchmark: setup ## CPU-seconds per host and task, and calls per cluster, against the simulator
	@$(PYTHON_TOOLS) -m tests.benchmark $(ARGS)

format: setup ## format the Python code
	@$(VENV)/ruff check --fix-only --quiet . && $(VENV)/ruff format .

lock: ## write the lock files anew after a change of a requirements file (ARGS=--upgrade: with the newest versions)
	@sh scripts/environment.sh lock $(ARGS)

release: setup ## prepare a release: make release VERSION=1.2.3 (docs/policy.md)
	@$(PYTHON_TOOLS) -m scripts.release $(VERSION)

clean: ## remove everything that the other commands made here
	rm -rf .cache build
