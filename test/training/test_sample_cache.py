"""The cache holds what preparation gives, survives interruption, and notices every change."""

from __future__ import annotations

import os
import pickle
import threading
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from glamor_ros.network.input_spec import InputSpec
from glamor_ros.perception.geometry import Box
from glamor_ros.training.data.samples import Sample, one_hot
from glamor_ros.training.prepared import cache_building
from glamor_ros.training.prepared.cache_files import CacheError
from glamor_ros.training.prepared.sample_cache import SampleCache, cache_key
from glamor_ros.training.prepared.sample_preparation import PreparedSample, SamplePreparation

from .made_images import break_off, noise, write_image

PREPARATION = SamplePreparation(InputSpec(face_size=(24, 20)), face_margin_px=3)
COUNT = 11


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_building, "BLOCK", 3)


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    return [
        Sample(
            write_image(tmp_path / "images" / f"{i:02}.png", noise(40, 50, seed=i)),
            Box(5, 5, 30 + i, 35),
            one_hot(i % 7),
        )
        for i in range(COUNT)
    ]


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_dataset_gives_what_preparation_gives(samples: list[Sample], tmp_path: Path) -> None:
    cache = SampleCache.build(samples, PREPARATION, tmp_path / "cache", workers=3)
    dataset = cache.dataset()
    assert len(cache) == len(dataset) == COUNT
    assert list(dataset.names) == [str(sample.image) for sample in samples]
    assert dataset.labels.tolist() == [i % 7 for i in range(COUNT)]
    for index, sample in enumerate(samples):
        expected = PREPARATION.read(sample)
        face, context, distribution = dataset[index]
        assert face.shape == (3, 30, 26)
        assert face.dtype == context.dtype == torch.uint8
        assert context.shape == (3, 128, 171)
        assert np.array_equal(face.permute(1, 2, 0).numpy(), expected.face)
        assert np.array_equal(context.permute(1, 2, 0).numpy(), expected.context)
        assert distribution.tolist() == list(sample.distribution)
    with pytest.raises(IndexError, match="no sample 11; there are 11"):
        dataset[COUNT]


def test_batches_are_the_samples_in_the_order_asked_for(
    samples: list[Sample], tmp_path: Path
) -> None:
    dataset = SampleCache.build(samples, PREPARATION, tmp_path).dataset()
    faces, contexts, distributions = dataset[np.array([7, 2, 2, 10])]
    assert faces.shape == (4, 3, 30, 26)
    assert distributions.dtype == torch.float32
    for row, index in enumerate([7, 2, 2, 10]):
        single = dataset[index]
        assert torch.equal(faces[row], single.faces)
        assert torch.equal(contexts[row], single.contexts)
        assert torch.equal(distributions[row], single.distributions)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("whole_batches", [True, False])
def test_data_loaders_take_it(
    samples: list[Sample], tmp_path: Path, workers: int, whole_batches: bool
) -> None:
    dataset = SampleCache.build(samples, PREPARATION, tmp_path).dataset()
    sampler = RandomSampler(dataset, generator=torch.Generator().manual_seed(0))
    if whole_batches:
        sampling = BatchSampler(sampler, 4, drop_last=False)
        loader = DataLoader(dataset, batch_size=None, sampler=sampling, num_workers=workers)
    else:
        loader = DataLoader(dataset, batch_size=4, sampler=sampler, num_workers=workers)
    batches = list(loader)
    assert [batch.faces.shape for batch in batches] == [(n, 3, 30, 26) for n in (4, 4, 3)]
    sums = sorted(int(face.sum()) for batch in batches for face in batch.faces)
    assert sums == sorted(int(dataset[i].faces.sum()) for i in range(COUNT))


def test_pickling_does_not_carry_the_images(samples: list[Sample], tmp_path: Path) -> None:
    dataset = SampleCache.build(samples, PREPARATION, tmp_path).dataset()
    face = dataset[3].faces
    pickled = pickle.dumps(dataset)
    assert len(pickled) < 3 * 128 * 171
    assert torch.equal(pickle.loads(pickled)[3].faces, face)


def test_what_cannot_be_read_is_listed_and_left_out(samples: list[Sample], tmp_path: Path) -> None:
    break_off(samples[1].image)
    samples[4].image.unlink()
    samples[5] = Sample(samples[5].image, Box(60, 0, 70, 10), one_hot(5))
    cache = SampleCache.build(samples, PREPARATION, tmp_path / "cache")
    assert [Path(one.where).name for one in cache.skipped] == ["01.png", "04.png", "05.png"]
    assert "No such file" in cache.skipped[1].reason
    assert "holds no pixel of the image of 50x40" in cache.skipped[2].reason
    dataset = cache.dataset()
    assert len(dataset) == COUNT - 3
    assert dataset.labels.tolist() == [i % 7 for i in range(COUNT) if i not in (1, 4, 5)]
    # Its neighbours keep their own pixels.
    assert np.array_equal(
        dataset[2].faces.permute(1, 2, 0).numpy(), PREPARATION.read(samples[3]).face
    )
    again = SampleCache.open(cache.directory)
    assert again == cache


def test_nothing_that_can_be_read_is_an_error(samples: list[Sample], tmp_path: Path) -> None:
    for sample in samples:
        sample.image.write_bytes(b"")
    with pytest.raises(CacheError, match=r"none of the 11 samples .*00\.png: is empty"):
        SampleCache.build(samples, PREPARATION, tmp_path / "cache")
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_second_build_reads_no_image(
    samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = SampleCache.build(samples, PREPARATION, tmp_path)
    monkeypatch.setattr(SamplePreparation, "read", lambda *_: pytest.fail("read again"))
    assert SampleCache.build(samples, PREPARATION, tmp_path) == first


def test_the_key_changes_with_everything_that_counts(samples: list[Sample]) -> None:
    original = cache_key(samples, PREPARATION)
    assert cache_key(list(samples), PREPARATION) == original
    first = samples[0]
    others = [
        cache_key(samples[::-1], PREPARATION),
        cache_key(samples[:-1], PREPARATION),
        cache_key([Sample(first.image, None, first.distribution), *samples[1:]], PREPARATION),
        cache_key([Sample(first.image, first.box, one_hot(6)), *samples[1:]], PREPARATION),
        cache_key(samples, SamplePreparation(PREPARATION.input_spec, 4)),
        cache_key(samples, SamplePreparation(PREPARATION.input_spec, 3, "skip")),
        cache_key(samples, SamplePreparation(InputSpec(face_size=(20, 24)), 3)),
        *(
            cache_key(
                samples, SamplePreparation(InputSpec(face_size=(24, 20), context_faces=faces), 3)
            )
            for faces in ("visible", "others_visible")
        ),
    ]
    os.utime(first.image, ns=(1, 1))
    others.append(cache_key(samples, PREPARATION))
    write_image(first.image, noise(41, 50))
    os.utime(first.image, ns=(1, 1))
    others.append(cache_key(samples, PREPARATION))
    assert len({original, *others}) == 12


def test_a_changed_image_is_read_again(samples: list[Sample], tmp_path: Path) -> None:
    before = SampleCache.build(samples, PREPARATION, tmp_path).dataset()
    write_image(samples[6].image, np.zeros((40, 50, 3), np.uint8))
    os.utime(samples[6].image, ns=(1, 1))
    after = SampleCache.build(samples, PREPARATION, tmp_path).dataset()
    assert before[6].faces.any()
    assert not after[6].faces.any()
    assert torch.equal(before[5].faces, after[5].faces)


class Interruption(SamplePreparation):
    """Raises once, at the image that it is told; counts the images read."""

    at = ""
    error: BaseException = KeyboardInterrupt()
    count = 0
    lock = threading.Lock()

    def read(self, sample: Sample) -> PreparedSample:
        with self.lock:
            type(self).count += 1
        if sample.image.name == self.at:
            type(self).at = ""
            raise self.error
        return super().read(sample)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_an_interrupted_build_goes_on_and_gives_the_same_bytes(
    samples: list[Sample], tmp_path: Path, workers: int, error: BaseException
) -> None:
    break_off(samples[2].image)
    undisturbed = SampleCache.build(samples, PREPARATION, tmp_path / "a", workers=1)
    interruption = Interruption(PREPARATION.input_spec, PREPARATION.face_margin_px)
    Interruption.at, Interruption.error, Interruption.count = "07.png", error, 0
    with pytest.raises(type(error)):
        SampleCache.build(samples, interruption, tmp_path / "b", workers=workers)
    (partial,) = (tmp_path / "b").glob("*.partial")
    # What a process leaves that ends in the middle of a line.
    with (partial / "progress.jsonl").open("a") as file:
        file.write("[2, [")
    Interruption.count = 0
    resumed = SampleCache.build(samples, interruption, tmp_path / "b", workers=workers)
    assert Interruption.count == COUNT - 6
    assert contents(resumed.directory) == contents(undisturbed.directory)
    assert resumed.directory.name == undisturbed.directory.name
    assert not list((tmp_path / "b").glob("*.partial"))


def test_damaged_remains_of_a_build_are_not_trusted(samples: list[Sample], tmp_path: Path) -> None:
    undisturbed = SampleCache.build(samples, PREPARATION, tmp_path / "a")
    interruption = Interruption(PREPARATION.input_spec, PREPARATION.face_margin_px)
    Interruption.at, Interruption.error = "07.png", KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        SampleCache.build(samples, interruption, tmp_path / "b")
    (partial,) = (tmp_path / "b").glob("*.partial")
    break_off(partial / "faces.npy")
    resumed = SampleCache.build(samples, interruption, tmp_path / "b")
    assert contents(resumed.directory) == contents(undisturbed.directory)


def test_several_builders_of_the_same_cache_share_it(samples: list[Sample], tmp_path: Path) -> None:
    Interruption.at, Interruption.count = "", 0
    preparation = Interruption(PREPARATION.input_spec, PREPARATION.face_margin_px)
    built: list[SampleCache] = []
    threads = [
        threading.Thread(
            target=lambda: built.append(SampleCache.build(samples, preparation, tmp_path))
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Interruption.count == COUNT
    assert len(built) == 3
    assert built[0] == built[1] == built[2]


def test_too_small_a_disk_is_said_before_anything_is_read(
    samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(1000, 0, 1000))
    needed = COUNT * 3 * (30 * 26 + 128 * 171)
    with pytest.raises(CacheError, match=f"11 samples needs {needed:,} bytes .*1,000 are free"):
        SampleCache.build(samples, PREPARATION, tmp_path)


def test_a_place_that_cannot_be_written(samples: list[Sample], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        SampleCache.build(samples, PREPARATION, tmp_path / "file")


def test_damaged_caches_are_named(samples: list[Sample], tmp_path: Path) -> None:
    directory = SampleCache.build(samples, PREPARATION, tmp_path).directory
    (directory / "index.json").write_text("{}")
    with pytest.raises(CacheError, match=r"index.json is damaged .* delete"):
        SampleCache.open(directory)
    (directory / "faces.npy").unlink()
    with pytest.raises(CacheError, match=r"no whole sample cache, it lacks faces\.npy"):
        SampleCache.open(directory)


@pytest.mark.parametrize("name", ["used_rows", "distributions", "faces", "contexts"])
def test_truncated_arrays_are_named(samples: list[Sample], tmp_path: Path, name: str) -> None:
    directory = SampleCache.build(samples, PREPARATION, tmp_path).directory
    path = directory / f"{name}.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CacheError, match=rf"{name}\.npy is damaged .* it is built again"):
        SampleCache.open(directory).dataset().batch([0])
    np.save(path, np.zeros(3, np.complex64))
    with pytest.raises(CacheError, match=rf"{name}\.npy is damaged \(it holds complex64\)"):
        SampleCache.open(directory).dataset().batch([0])


def test_progress_is_told(samples: list[Sample], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    SampleCache.build(
        samples, PREPARATION, tmp_path, on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(3, 11), (6, 11), (9, 11), (11, 11)]
