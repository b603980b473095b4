# Two commands: `make demo` and `make test`. Both build the environment in .venv first, once. `make test-slurm` starts a
# Slurm on this machine for a few minutes.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: env demo test test-slurm

VENV := .venv
IN_VENV := $(VENV)/bin/python
STAMP := $(VENV)/.complete
PINS := requirements.txt requirements-pose.txt constraints.txt
PIP_INSTALL := $(IN_VENV) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# of a shell that is set up for other packages, as by ROS or a company's pip.conf
unexport PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX
export PIP_USER := 0
# in a container, a user may have no home, which Snakemake asks for
export HOME := $(or $(HOME),/tmp)

# the first Python that starts, has a supported version and can make environments; PYTHON=... overrides
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PYTHON := $(shell for python in python3 python3.12 python3.11; do \
	if PYTHONPATH= PYTHONHOME= "$$python" -c '$(USABLE)' >/dev/null 2>&1; then echo "$$python"; break; fi; done)

# Without one, uv finds or fetches it: the uv on the PATH, else one in an environment of any Python, thrown away after.
define UV_VENV
echo "no Python 3.11 or 3.12 with venv found; uv finds or fetches one"; \
uv=uv; throwaway=$$(mktemp -d); trap 'rm -rf "$$throwaway"' EXIT; \
{ command -v uv || { uv="$$throwaway/bin/uv"; python3 -m venv "$$throwaway" 2>/dev/null && \
	"$$throwaway/bin/python" -m pip install --quiet --disable-pip-version-check uv; }; } >/dev/null && \
"$$uv" venv --quiet --seed --python '>=3.11,<3.13' $(VENV) || { \
	echo "error: needs Python 3.11 or 3.12 with venv; install one (Debian: python3-venv), or uv, or name it: make PYTHON=/path/to/python" >&2; \
	exit 1; }
endef

env: $(STAMP)

# The stamp comes last, so a build that failed or was interrupted starts over.
$(STAMP): $(PINS)
	@if ! command -v $${CXX:-c++} >/dev/null; then \
		echo "error: needs a C++ compiler to build openpifpaf; install one (Debian: g++) or name it: CXX=clang++ make" >&2; \
		exit 1; fi
	@echo "building $(VENV): downloads and compiles, a few minutes, once"
	@rm -rf $(VENV)
	@$(if $(PYTHON),"$(PYTHON)" -m venv $(VENV),$(UV_VENV))
# what uv and some systems bring is newer, and refuses openpifpaf for a package that it does not need
	@$(PIP_INSTALL) 'pip<26'
	@$(PIP_INSTALL) --requirement requirements.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --requirement requirements-pose.txt
	@touch $@

demo: env
	$(IN_VENV) -m snakemake --cores all results/alice_as_brunomars.mp4

# the quick checks first; files of tests whole, for their fixtures are one file's
test: env
	$(IN_VENV) -m ruff check
	$(IN_VENV) -m ruff format --check
	$(IN_VENV) -m mypy
	$(IN_VENV) -m snakefmt --check Snakefile rules
	$(IN_VENV) -m snakemake --lint
	$(IN_VENV) -m pytest --numprocesses 2 --dist loadfile

# the smoke preset on a throw-away Slurm (docs/cluster.md)
test-slurm: env
	tests/slurm/run.sh
