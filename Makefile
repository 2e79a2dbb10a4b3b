# Everything a person types. `make help` lists it.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# Whatever venv the shell has activated, packages go into ours.
UV := VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv
# With it, as in many images of containers, each process would compile anew all that it imports.
unexport PYTHONDONTWRITEBYTECODE
# A variable as one word for the shell, whatever is in it: make expands no $ of it, and the shell nothing.
# Make would expand it after all, functions included, for the environment of what it runs.
unexport IMAGES PORT SCENARIO STACK SEED PYTHON DELETE_DATA BUCKET TABLE RENDITIONS
quoted = '$(subst ','\'',$(value $(1)))'
LOCK := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: help lock check test run stop synth
help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

# A virtual environment that holds exactly what requirements/dev.txt locks.
.venv/.synced: requirements/uv.txt requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(call quoted,PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or newer is needed," $(call quoted,PYTHON) \
	    "is not; name one: make run PYTHON=python3.12" >&2; exit 2; }
	@echo "· making .venv and installing what requirements/dev.txt locks"
	@test -x $(BIN)/python || $(call quoted,PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt && \
	  $(UV) pip sync -q --require-hashes requirements/dev.txt || \
	  { echo "error: the locked packages were not installed (see above); the first set-up needs the network" >&2; exit 2; }
	@$(UV) pip install -q --no-deps --no-build-isolation --editable .
	@touch $@

run: .venv/.synced ## Recognize a folder of photos on this machine: make run [IMAGES=folder] [PORT=4566]
	@$(BIN)/python -m local run $(if $(value IMAGES),--images=$(call quoted,IMAGES)) \
	  $(if $(value PORT),--port=$(call quoted,PORT))

stop: .venv/.synced ## Stop what make run has started; photos and records are kept
	@$(BIN)/python -m local stop

# Settings of the deployment as the CDK takes them (SETTINGS="-c detectors=labels"), and the name of the stack.
STACK_SETTING = $(if $(value STACK),-c stack=$(call quoted,STACK))

synth: .venv/.synced ## Write the CloudFormation template for AWS to cdk.out/: make synth [SETTINGS="-c …"]
	@CDK_OUTDIR=cdk.out $(BIN)/python -m infra.app $(SETTINGS) $(STACK_SETTING)

.PHONY: package
package: .venv/.synced ## Write what plain CloudFormation and SAM deploy to build/package/: make package [SETTINGS="-c …"]
	@$(BIN)/python -m infra.package $(SETTINGS)

# The CDK's command line, in the version that was tried with the aws-cdk-lib that requirements/dev.txt locks.
CDK := npx --yes aws-cdk@2.1148.1
NODE_FOR_CDK := 22
.PHONY: deploy diff destroy adopt bootstrap node-for-cdk lambda-python
node-for-cdk:
	@node -e 'process.exit(parseInt(process.versions.node) < $(NODE_FOR_CDK) ? 1 : 0)' || { echo "error: to deploy, \
	the CDK wants Node.js $(NODE_FOR_CDK) or newer; here is $$(node --version 2>/dev/null || echo none) (https://nodejs.org)" >&2; exit 2; }

# infra/bundles.py looks for it there, and makes bytecode with it; the machine's own is not touched.
lambda-python: .venv/.synced ## Get Lambda's Python by uv, for bytecode in the zips, where this machine has none
	@python3.13 --version 2>/dev/null || $(UV) python install --no-bin --install-dir build/python 3.13 || { echo "error: \
	Python 3.13 was not fetched (see above): uv takes it from GitHub, or from UV_PYTHON_INSTALL_MIRROR. Any python3.13 on \
	the path does too; without one the functions only start more slowly" >&2; exit 2; }

bootstrap: node-for-cdk .venv/.synced ## Make an account and region ready for the CDK, once
	@$(CDK) bootstrap

deploy: node-for-cdk .venv/.synced ## Check the account, then deploy: make deploy [SETTINGS="-c detectors=labels -c …"] [STACK=name]
	@$(BIN)/imagepipe check $(SETTINGS) $(STACK_SETTING)
	@$(CDK) deploy $(SETTINGS) $(STACK_SETTING)

diff: node-for-cdk .venv/.synced ## Show what make deploy would change: make diff [SETTINGS="-c …"] [STACK=name]
	@$(CDK) diff $(SETTINGS) $(STACK_SETTING)

OF_STACK = $(if $(value STACK),--stack=$(call quoted,STACK))
destroy: .venv/.synced ## Delete the stack, keep and name its photos and records: make destroy [STACK=name] [DELETE_DATA=name of the stack]
	@$(BIN)/imagepipe destroy $(OF_STACK) $(if $(value DELETE_DATA),--delete-data=$(call quoted,DELETE_DATA))

adopt: synth ## Make a stack of what one has kept: make adopt BUCKET=… TABLE=… [RENDITIONS=…] [STACK=name] [SETTINGS="-c …"]
	@$(BIN)/imagepipe adopt $(OF_STACK) --bucket=$(call quoted,BUCKET) --table=$(call quoted,TABLE) \
	  $(if $(value RENDITIONS),--renditions=$(call quoted,RENDITIONS))

check: .venv/.synced synth docs ## Format, lint, types, arrows between rooms, the template, cdk-nag, the site
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint cdk.out/imagepipe.template.json
	JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 $(BIN)/python -m infra.nag

# They look things up in PyPI's database of vulnerabilities, so they are no part of `make check`. With --strict, a
# package that could not be looked up is a failure too.
PIP_AUDIT := $(UV) tool run --from pip-audit==2.10.1 pip-audit --strict --require-hashes --disable-pip --progress-spinner off
SBOM := $(UV) tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements --output-reproducible --of JSON
DEPLOYED := lambda pictures meaning films
.PHONY: nag audit sbom
nag: .venv/.synced ## cdk-nag over the stack, as several settings make it
	@JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 $(BIN)/python -m infra.nag

audit: .venv/.synced sbom ## Known vulnerabilities of all locked packages (needs the network), and the SBOM
	@$(PIP_AUDIT) -r requirements/dev.txt

sbom: .venv/.synced ## What is inside the zips of the functions, as CycloneDX: build/sbom/
	@mkdir -p build/sbom
	@for each in $(DEPLOYED); do $(SBOM) -o build/sbom/$$each.cdx.json requirements/$$each.txt || exit; done
	@echo "· build/sbom/:" $(DEPLOYED:%=%.cdx.json)

test: .venv/.synced ## All tests, on a local cloud of their own
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: permissions
permissions: .venv/.synced ## The end-to-end tests with IAM enforced: functions call what their roles allow, and nothing else
	IMAGEPIPE_ENFORCE_IAM=yes $(BIN)/pytest -q tests/end_to_end tests/query_api/end_to_end

nightly: .venv/.synced permissions ## What takes longer: days of trouble, 2,000 interleavings, guards and a sample of all code broken on purpose
	$(BIN)/pytest -q -n 2 -m nightly
	IMAGEPIPE_EXAMPLES=2000 $(BIN)/pytest -q -n 2 --timeout 3600 tests/processors/test_any_interleaving.py
	$(BIN)/python -m tests.mutants

.PHONY: bench
bench: .venv/.synced ## Measure speed, starts and memory, in a place of its own; writes docs/performance.md
	@$(BIN)/python -m loadtest.bench

chaos: .venv/.synced ## 500 photos while calls fail and workers are killed: make chaos [SEED=number]
	@$(BIN)/python -m loadtest.faults $(if $(value SEED),--seed=$(call quoted,SEED))

.PHONY: docs
# The theme's authors advertise their next product on each run.
docs: .venv/.synced ## Write the docs as a site to build/site, and fail on a link that leads nowhere
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q --strict

.PHONY: loadtest fleet cost
loadtest: .venv/.synced ## Load on a running stack, with a page of plots: make loadtest [SCENARIO=smoke] [STACK=name on AWS]
	@$(BIN)/python -m loadtest $(if $(value STACK),--stack=$(call quoted,STACK)) \
	  $(if $(value SCENARIO),-- $(call quoted,SCENARIO))

fleet: .venv/.synced synth ## Simulate hundreds of workers at 5 to 5,000 calls a second; writes docs/fleet.md
	@$(BIN)/python -m loadtest.simulation

cost: .venv/.synced ## Write docs/cost.md from the cost model
	@$(BIN)/imagepipe cost --markdown > docs/cost.md.new && mv docs/cost.md.new docs/cost.md

lock: .venv/.synced ## Lock requirements/*.txt anew from pyproject.toml
	$(LOCK) --upgrade requirements/uv.in -o requirements/uv.txt
	$(LOCK) --upgrade --group dev -o requirements/dev.txt
	$(LOCK) --group run -c requirements/dev.txt -o requirements/run.txt
	$(LOCK) --group lambda -c requirements/dev.txt -o requirements/lambda.txt
	$(LOCK) --group pictures -c requirements/dev.txt -o requirements/pictures.txt
	$(LOCK) --no-deps --group meaning -c requirements/dev.txt -o requirements/meaning.txt
	$(LOCK) --group films -c requirements/dev.txt -o requirements/films.txt
	$(LOCK) --upgrade --group sam -o requirements/sam.txt
