"""FER+ and heads by name: their splits, their crops, and the same packed into one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glamor_ros.training.data.face_crops import CropSettings, FaceCrops
from glamor_ros.training.data.face_splits import CHOICE, FACE_SPLITS, HELD_OUT, TRAIN, FaceSplits
from glamor_ros.training.data.facial_expressions import read_facial_expressions
from glamor_ros.training.data.open_faces import FERPLUS, HEADS, open_faces
from glamor_ros.training.data.packed_faces import PackingQuality, is_packed, load_packed, pack_faces
from glamor_ros.training.data.samples import DatasetError, SettingsError

from .made_faces import write_ferplus, write_heads
from .made_images import break_off, write_text

SPLITS = FaceSplits(choice_faces=10)
CROP = CropSettings(side_px=68, boxes_wide=1.7)


@pytest.fixture
def ferplus(tmp_path: Path) -> Path:
    write_ferplus(tmp_path / "fer/ferplus_train.npz", 60)
    write_ferplus(tmp_path / "fer/ferplus_valid.npz", 20, seed=1)
    return tmp_path / "fer"


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    write_heads(tmp_path / "heads", 70)
    return tmp_path / "heads"


def test_ferplus_is_divided_by_number_and_seed(ferplus: Path) -> None:
    train, choice, held_out = (
        open_faces(FERPLUS, ferplus, split, splits=SPLITS) for split in FACE_SPLITS
    )
    assert (len(train), len(choice), len(held_out)) == (50, 10, 20)
    assert sorted({*train.names, *choice.names}) == sorted(
        f"ferplus_train.npz:{number}" for number in range(60)
    )
    expected = np.sort(np.random.default_rng(20).permutation(60)[:10])
    assert choice.names == tuple(f"ferplus_train.npz:{number}" for number in expected)
    assert choice.images.shape == (10, 48, 48, 1)
    assert choice.boxes is None
    # Single votes count where faces are measured alone.
    assert train.distributions[:, 3] == pytest.approx(np.ones(50))
    assert held_out.distributions[:, 3] == pytest.approx(np.full(20, 7 / 8))
    of_file = open_faces(FERPLUS, ferplus / "ferplus_train.npz", CHOICE, splits=SPLITS)
    assert np.array_equal(of_file.images, choice.images)
    other = open_faces(FERPLUS, ferplus, CHOICE, splits=FaceSplits(10, choice_faces_seed=21))
    assert other.names != choice.names


def test_nobody_s_head_is_in_two_splits(heads: Path) -> None:
    of_split = {split: open_faces(HEADS, heads, split, crop=CROP) for split in FACE_SPLITS}
    people = {
        split: {int(Path(name).stem.removeprefix("head_")) // 2 for name in crops.names}
        for split, crops in of_split.items()
    }
    assert len(people[TRAIN] | people[CHOICE] | people[HELD_OUT]) == 70
    assert sum(map(len, people.values())) == 70
    counts = {split: len(crops) for split, crops in of_split.items()}
    assert counts[HELD_OUT] == pytest.approx(42, abs=4)
    assert counts[CHOICE] == pytest.approx(0.15 * 98, abs=4)
    assert sum(counts.values()) == 140
    again = open_faces(HEADS, heads, TRAIN, crop=CROP)
    assert again.names == of_split[TRAIN].names
    assert np.array_equal(again.images, of_split[TRAIN].images)


def all_heads(heads: Path) -> dict[str, tuple[FaceCrops, int]]:
    """The crops by the stem of their names, with their places."""
    found: dict[str, tuple[FaceCrops, int]] = {}
    for split in FACE_SPLITS:
        crops = open_faces(HEADS, heads, split, crop=CROP)
        found |= {Path(name).stem: (crops, place) for place, name in enumerate(crops.names)}
    return found


def test_heads_are_cut_around_the_first_box_and_keep_the_others(heads: Path) -> None:
    found = all_heads(heads)
    crops, place = found["head_005"]
    image = crops.images[place]
    assert image.shape == (68, 68, 3)
    # mmod's box 30,20,70,60 has its centre at (50, 40): 1.7 times 40 px are columns 16 to 84,
    # rows 6 to 74, pixel by pixel.
    assert image[0, 0].tolist() == [2 * 16, 2 * 6, 5]
    assert image[67, 67].tolist() == [2 * 83, 2 * 73, 5]
    assert crops.boxes is not None
    assert crops.boxes[place, 0] == pytest.approx([0.5, 0.5, 1 / 1.7])
    # yunet's 32,22,62,52: its centre (47, 37) lies 31 px into the crop of 68 px.
    assert crops.boxes[place, 1] == pytest.approx([31 / 68, 31 / 68, 30 / 68])
    crops, place = found["head_000"]
    assert crops.boxes is not None
    assert np.isnan(crops.boxes[place, 0]).all()
    assert crops.boxes[place, 1] == pytest.approx([0.5, 0.5, 1 / 1.7])
    # Made larger: 51 px of the photograph around (47, 37) from (21.5, 11.5).
    assert crops.images[place, 34, 34, :2] == pytest.approx([2 * 46.875, 2 * 36.875], abs=1)


def test_the_border_repeats_beyond_the_photograph(tmp_path: Path) -> None:
    write_heads(tmp_path, 70, mmod="0,0,60,60")
    crops, place = all_heads(tmp_path)["head_008"]
    left, middle = crops.images[place, 34, 0], crops.images[place, 34, 34]
    # Softened a little, being made smaller.
    assert left[0] <= 2
    assert middle[0] == pytest.approx(60, abs=3)
    assert crops.images[place, :14, :14, :2].max() <= 2


def test_heads_without_any_box_do_not_change_the_splits(heads: Path) -> None:
    before = {split: open_faces(HEADS, heads, split, crop=CROP).names for split in FACE_SPLITS}
    samples = read_facial_expressions(heads).sample_set.samples
    for sample in samples[::3]:
        for detector in ("mmod", "yunet"):
            inside = sample.image.relative_to(heads / "images").with_suffix(".txt")
            write_text(heads / "crop" / detector / inside, "0,0,0,0")
    gone = {sample.image.relative_to(heads).as_posix() for sample in samples[::3]}
    assert len(gone) == 47
    for split, names in before.items():
        after = open_faces(HEADS, heads, split, crop=CROP).names
        assert after == tuple(name for name in names if name not in gone)


def test_packed_faces_are_the_same_but_for_a_little_noise(
    ferplus: Path, heads: Path, tmp_path: Path
) -> None:
    coloured = open_faces(HEADS, heads, TRAIN, crop=CROP)
    sets = {
        (FERPLUS, TRAIN): open_faces(FERPLUS, ferplus, TRAIN, splits=SPLITS),
        # With no more colour than skin has.
        (HEADS, TRAIN): replace(coloured, images=coloured.images // 4 + np.uint8(96)),
        # More than one sheet of 256.
        (FERPLUS, HELD_OUT): FaceCrops(
            np.repeat(open_faces(FERPLUS, ferplus, HELD_OUT).images, 14, axis=0),
            None,
            np.eye(7, dtype=np.float32)[np.arange(280) % 7],
            tuple(f"ä {number}" for number in range(280)),
        ),
    }
    path = tmp_path / "packed.npz"
    pack_faces(sets, path, PackingQuality())
    assert is_packed(path)
    assert not is_packed(ferplus / "ferplus_train.npz")
    assert not is_packed(tmp_path / "nothing.npz")
    for (name, split), before in sets.items():
        after = open_faces(name, path, split)
        assert after.images.shape == before.images.shape
        assert after.names == before.names
        assert np.array_equal(after.distributions, before.distributions)
        squared = np.square(after.images.astype(float) - before.images).mean(axis=(1, 2, 3))
        assert 10 * np.log10(255**2 / squared.max()) > 35
        if before.boxes is None:
            assert after.boxes is None
        else:
            assert after.boxes is not None
            assert after.boxes == pytest.approx(before.boxes, abs=5e-4, nan_ok=True)
    # Nothing in it needs pickle, and it is smaller than the pixels.
    assert path.stat().st_size < 0.25 * sum(crops.images.nbytes for crops in sets.values())


def test_packed_files_that_cannot_be_used(heads: Path, tmp_path: Path) -> None:
    crops = open_faces(HEADS, heads, CHOICE, crop=CROP)
    path = tmp_path / "packed.npz"
    pack_faces({(HEADS, CHOICE): crops}, path, PackingQuality(colour=50))
    with pytest.raises(DatasetError, match=r"holds no 'ferplus\.train', only heads\.choice"):
        open_faces(FERPLUS, path, TRAIN)
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["heads.choice.pictures"] = arrays["heads.choice.pictures"][:-1]
    np.savez(path, **arrays)
    with pytest.raises(DatasetError, match=r"is damaged .*pack it again"):
        load_packed(path, HEADS, CHOICE)
    np.savez(path, **{**arrays, "format": np.array("glamor_ros.packed_faces.9")})
    with pytest.raises(DatasetError, match=r"format 'glamor_ros\.packed_faces\.9', expected"):
        load_packed(path, HEADS, CHOICE)
    np.savez(path, **{name: one for name, one in arrays.items() if not name.endswith("names")})
    with pytest.raises(DatasetError, match="is damaged"):
        load_packed(path, HEADS, CHOICE)
    with pytest.raises(SettingsError, match=r"must end in \.npz"):
        pack_faces({}, tmp_path / "packed.zip", PackingQuality())
    with pytest.raises(SettingsError, match="grey is 0; it must be 1 to 100"):
        PackingQuality(grey=0)


def test_a_torn_packed_file_is_no_ferplus_archive_either(heads: Path, tmp_path: Path) -> None:
    crops = open_faces(HEADS, heads, CHOICE, crop=CROP)
    path = tmp_path / "packed.npz"
    pack_faces({(HEADS, CHOICE): crops}, path, PackingQuality())
    break_off(path)
    with pytest.raises(DatasetError, match=r"packed\.npz cannot be read"):
        open_faces(FERPLUS, path, TRAIN)


def test_what_cannot_be_opened_says_what_to_do(ferplus: Path, heads: Path) -> None:
    with pytest.raises(DatasetError, match="unknown dataset 'faces'; known are ferplus, heads"):
        open_faces("faces", ferplus, TRAIN)
    with pytest.raises(DatasetError, match="unknown split 'test' of 'heads'; known are train"):
        open_faces(HEADS, heads, "test")
    with pytest.raises(DatasetError, match=r"is one archive .* give the folder of ferplus_train"):
        open_faces(FERPLUS, ferplus / "ferplus_train.npz", HELD_OUT)
    with pytest.raises(SettingsError, match="1400 of 60 faces cannot be set apart"):
        open_faces(FERPLUS, ferplus, TRAIN)
    (heads / "crop/yunet/Anger/head_000.txt").unlink()
    with pytest.raises(
        DatasetError,
        match=r"no crop file .*head_000.txt; make them once with: glamor-ros extract-faces "
        r".*images .*crop/mmod --detector mmod --upsample 0; glamor-ros",
    ):
        all_heads(heads)
    with pytest.raises(SettingsError, match=r"boxes_wide is 0\.5"):
        CropSettings(boxes_wide=0.5)
