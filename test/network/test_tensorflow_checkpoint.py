"""The reader of TensorFlow checkpoints, on files written by the tests and by TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from glamor_ros.network.weights.tensorflow_checkpoint import (
    TensorFlowCheckpoint,
    TensorFlowCheckpointError,
    VariableInfo,
)

from .bundle_writer import (
    BIG_ENDIAN,
    entry,
    header,
    number_field,
    read_all,
    write_checkpoint,
    write_table,
)

GOLDEN_LAYOUTS = ("one_shard", "two_shards")


def sample_variables() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(7)
    variables: dict[str, np.ndarray] = {
        f"blocks/{block}/{part}": generator.normal(size=shape).astype(np.float32)
        for block in range(12)
        for part, shape in (("bias", (3,)), ("kernel", (2, 3, 1, 5)))
    }
    variables["half"] = generator.normal(size=(4,)).astype(np.float16)
    variables["save_counter"] = np.array(2**40 + 3, np.int64)
    return variables | {"nothing": np.zeros((0, 4), np.float32), "last": np.ones(1, np.float32)}


@pytest.fixture(params=[1, 3], ids=["one shard", "three shards"])
def shards(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def prefix(tmp_path: Path, shards: int) -> Path:
    write_checkpoint(tmp_path / "Model", sample_variables(), shards)
    return tmp_path / "Model"


def shard_path(prefix: Path, shard: int, shards: int) -> Path:
    return prefix.with_name(f"{prefix.name}.data-{shard:05d}-of-{shards:05d}")


def flip_byte(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 0x10
    path.write_bytes(data)


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype, name
        np.testing.assert_array_equal(found[name], values, err_msg=name, strict=True)


def test_reads_every_variable(prefix: Path, shards: int) -> None:
    checkpoint = TensorFlowCheckpoint(prefix)
    assert_same(read_all(checkpoint), sample_variables())
    assert checkpoint.variables["blocks/0/kernel"] == VariableInfo(
        "blocks/0/kernel", (2, 3, 1, 5), "float32", shard=1 % shards
    )
    assert [path.name for path in checkpoint.shard_paths] == [
        f"Model.data-{shard:05d}-of-{shards:05d}" for shard in range(shards)
    ]


@pytest.mark.parametrize("suffix", ["", ".index", ".data-00000-of-00003"])
def test_takes_the_name_of_any_of_its_files(tmp_path: Path, suffix: str) -> None:
    write_checkpoint(tmp_path / "epoch.12", sample_variables(), shards=3)
    checkpoint = TensorFlowCheckpoint(tmp_path / f"epoch.12{suffix}")
    assert checkpoint.prefix == tmp_path / "epoch.12"
    assert_same(read_all(checkpoint), sample_variables())


def test_golden_layouts_hold_the_same_values(
    golden_checkpoint: Callable[[str], Path],
) -> None:
    one, two = (TensorFlowCheckpoint(golden_checkpoint(layout)) for layout in GOLDEN_LAYOUTS)
    assert (len(one.shard_paths), len(two.shard_paths)) == (1, 2)
    assert_same(read_all(one), read_all(two))
    assert sum(values.size for values in read_all(one).values()) == 2_161_802
    assert one.variables["final_fc1/kernel/.ATTRIBUTES/VARIABLE_VALUE"].shape == (512, 128)
    assert not any("OBJECT_GRAPH" in name for name in one.variables)


@pytest.mark.parametrize("layout", GOLDEN_LAYOUTS)
def test_reads_golden_as_tensorflow_does(
    golden_checkpoint: Callable[[str], Path], layout: str
) -> None:
    tensorflow = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    prefix = golden_checkpoint(layout)
    reader = tensorflow.train.load_checkpoint(str(prefix))
    names = set(reader.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    expected = {name: reader.get_tensor(name) for name in names}
    assert len(expected) == 80
    assert_same(read_all(TensorFlowCheckpoint(prefix)), expected)


def test_tensorflow_reads_what_the_tests_write(prefix: Path) -> None:
    tensorflow = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    reader = tensorflow.train.load_checkpoint(str(prefix))
    found = {
        name: np.asarray(reader.get_tensor(name)) for name in reader.get_variable_to_shape_map()
    }
    assert_same(found, sample_variables())


def test_missing_index(tmp_path: Path) -> None:
    with pytest.raises(TensorFlowCheckpointError, match=r"Model\.index is missing"):
        TensorFlowCheckpoint(tmp_path / "Model")


def test_directory_names_the_checkpoints_in_it(prefix: Path) -> None:
    with pytest.raises(TensorFlowCheckpointError, match=r"is a directory \(.*: Model\)"):
        TensorFlowCheckpoint(prefix.parent)


def test_missing_shard(prefix: Path, shards: int) -> None:
    missing = shard_path(prefix, shards - 1, shards)
    missing.unlink()
    with pytest.raises(TensorFlowCheckpointError) as raised:
        TensorFlowCheckpoint(prefix)
    assert f"shard {shards} of {shards} is missing" in str(raised.value)
    assert str(missing) in str(raised.value)


def test_truncated_shard(prefix: Path) -> None:
    checkpoint = TensorFlowCheckpoint(prefix)
    shard = checkpoint.shard_paths[checkpoint.variables["last"].shard]
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(TensorFlowCheckpointError, match=r"truncated.*'last'") as raised:
        TensorFlowCheckpoint(prefix)
    assert str(shard) in str(raised.value)


def test_damaged_values_name_their_variable(prefix: Path, shards: int) -> None:
    flip_byte(shard_path(prefix, 0, shards), 5)
    checkpoint = TensorFlowCheckpoint(prefix)
    with pytest.raises(TensorFlowCheckpointError, match=r"wrong checksum of .*'blocks/0/bias'"):
        checkpoint.read("blocks/0/bias")
    with pytest.raises(TensorFlowCheckpointError, match=r"wrong checksum of .*'blocks/0/bias'"):
        read_all(checkpoint)
    np.testing.assert_array_equal(
        checkpoint.read("blocks/1/bias"), sample_variables()["blocks/1/bias"]
    )


def test_damaged_block_of_the_index(prefix: Path) -> None:
    flip_byte(prefix.with_name("Model.index"), 30)
    with pytest.raises(TensorFlowCheckpointError, match=r"wrong checksum of the block .* byte 0"):
        TensorFlowCheckpoint(prefix)


@pytest.fixture
def small_prefix(tmp_path: Path) -> Path:
    """Its index has two data blocks."""
    variables = {f"layer/{number}": np.full(number, 0.5, np.float32) for number in range(11)}
    write_checkpoint(tmp_path / "Small", variables)
    return tmp_path / "Small"


def test_no_damage_to_the_index_goes_unnoticed(small_prefix: Path) -> None:
    index = small_prefix.with_name("Small.index")
    intact = index.read_bytes()
    expected = read_all(TensorFlowCheckpoint(small_prefix))
    noticed = 0
    for position in range(len(intact)):
        flip_byte(index, position)
        try:
            values = read_all(TensorFlowCheckpoint(small_prefix))
        except TensorFlowCheckpointError:
            noticed += 1
        else:
            assert_same(values, expected)
        index.write_bytes(intact)
    # Only the meta-index block, which holds nothing, its handle and the footer's padding may be
    # damaged: 8 + 5 bytes, and at most 40 of the footer's.
    assert len(intact) - 53 <= noticed < len(intact)


def test_index_cut_short_anywhere(small_prefix: Path) -> None:
    index = small_prefix.with_name("Small.index")
    intact = index.read_bytes()
    for length in range(len(intact)):
        index.write_bytes(intact[:length])
        with pytest.raises(TensorFlowCheckpointError, match="cut short"):
            TensorFlowCheckpoint(small_prefix)


def test_foreign_file(tmp_path: Path) -> None:
    (tmp_path / "Model.index").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
    with pytest.raises(TensorFlowCheckpointError, match="not the index of a TensorFlow 2"):
        TensorFlowCheckpoint(tmp_path / "Model")


def test_foreign_table(tmp_path: Path) -> None:
    write_table(tmp_path / "Model.index", {b"key": b"value"})
    with pytest.raises(TensorFlowCheckpointError, match="no bundle header"):
        TensorFlowCheckpoint(tmp_path / "Model")


def test_compressed_table(tmp_path: Path) -> None:
    write_table(tmp_path / "Model.index", {b"": header(1)}, compression=1)
    with pytest.raises(TensorFlowCheckpointError, match=r"compressed \(type 1\)"):
        TensorFlowCheckpoint(tmp_path / "Model")


@pytest.mark.parametrize(
    ("bundle_header", "message"),
    [
        (header(1, endianness=BIG_ENDIAN), "big-endian"),
        (header(1, min_consumer=2), "format version 2"),
        (b"\xff\xff", "cannot be understood"),
    ],
)
def test_unsupported_header(tmp_path: Path, bundle_header: bytes, message: str) -> None:
    write_table(tmp_path / "Model.index", {b"": bundle_header})
    with pytest.raises(TensorFlowCheckpointError, match=message):
        TensorFlowCheckpoint(tmp_path / "Model")


def write_one_entry(prefix: Path, name: str, message: bytes) -> None:
    write_table(prefix.with_name("Model.index"), {b"": header(1), name.encode(): message})
    shard_path(prefix, 0, 1).write_bytes(bytes(64))


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (entry(bytes(10), "string", (1,)), "'word' is of type string"),
        (entry(bytes(4), "bfloat16", (2,)), "'word' is of type bfloat16"),
        (entry(bytes(8), "float32", (2,)) + number_field(7, 1), "'word' is partitioned"),
    ],
)
def test_unsupported_variable(tmp_path: Path, message: bytes, error: str) -> None:
    write_one_entry(tmp_path / "Model", "word", message)
    checkpoint = TensorFlowCheckpoint(tmp_path / "Model")
    with pytest.raises(TensorFlowCheckpointError, match=error):
        checkpoint.read("word")


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (entry(bytes(12), "float32", (2,)), r"'word' has 12 bytes, .* \[2\] of float32 needs 8"),
        (entry(bytes(8), "float32", (2,), shard=1), "'word' lies in shard 2 of 1"),
        (entry(bytes(8), "float32", (2,))[:-2], "cannot be understood"),
        (number_field(2, 1), "a number is stored where a message was expected"),
    ],
)
def test_contradictory_entry(tmp_path: Path, message: bytes, error: str) -> None:
    write_one_entry(tmp_path / "Model", "word", message)
    with pytest.raises(TensorFlowCheckpointError, match=error):
        TensorFlowCheckpoint(tmp_path / "Model")


def test_absent_variable(prefix: Path) -> None:
    checkpoint = TensorFlowCheckpoint(prefix)
    with pytest.raises(TensorFlowCheckpointError, match=r"no variable 'absent'; it has 28"):
        checkpoint.read("absent")
