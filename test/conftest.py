"""Fixtures that every test may use."""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

# Before PyTorch is imported, here and in the processes that tests start: with several of them on
# few cores, threads that wait for each other busily cost more than they give.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

REPOSITORY = Path(__file__).resolve().parent.parent


def _load_benchmarks() -> None:
    """Make the benchmarks importable, which are run from the checkout and installed nowhere."""
    directory = REPOSITORY / "benchmarks"
    specification = spec_from_file_location(
        "benchmarks", directory / "__init__.py", submodule_search_locations=[str(directory)]
    )
    assert specification is not None
    assert specification.loader is not None
    package = module_from_spec(specification)
    sys.modules["benchmarks"] = package
    specification.loader.exec_module(package)


_load_benchmarks()


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The weights that ship with the package."""
    return REPOSITORY / "weights"


@pytest.fixture(scope="session")
def cuda() -> str:
    """The name of a GPU; tests that need one are marked `gpu` and skip without it."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return "cuda"


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    """What the released code and dlib gave, for comparison; see test/data/README.md."""
    return REPOSITORY / "test" / "data" / "golden"


@pytest.fixture(scope="session")
def images_dir() -> Path:
    """Photographs of people, public domain; see test/data/README.md."""
    return REPOSITORY / "test" / "data" / "images"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Data sets and files of others kept beside the checkout; tests skip where they are absent."""
    directory = REPOSITORY.parent / "shared"
    if not directory.is_dir():
        pytest.skip(f"data kept beside the checkout is not there: {directory}")
    return directory
