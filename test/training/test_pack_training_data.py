"""`glamor-ros pack-training-data` as a user types it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import typer
from typer.testing import CliRunner

from glamor_ros.cli.training.pack_training_data import pack_training_data
from glamor_ros.training.data.face_splits import FACE_SPLITS
from glamor_ros.training.data.open_faces import FACE_DATASETS, open_faces

from .made_faces import write_ferplus, write_heads


def test_both_datasets_go_into_one_file(tmp_path: Path) -> None:
    ferplus, heads, out = tmp_path / "fer", tmp_path / "heads", tmp_path / "out/packed.npz"
    write_ferplus(ferplus / "ferplus_train.npz", 1450)
    write_ferplus(ferplus / "ferplus_valid.npz", 30, seed=1)
    write_heads(heads, 70)
    app = typer.Typer()
    app.command()(pack_training_data)
    options = ["--ferplus", str(ferplus), "--heads", str(heads), "--side", "80"]
    result = CliRunner().invoke(app, [str(out), *options, "--boxes-wide", "1.5"])
    assert result.exit_code == 0, result.output
    packed = {
        (name, split): open_faces(name, out, split)
        for name in FACE_DATASETS
        for split in FACE_SPLITS
    }
    for (name, split), crops in packed.items():
        assert f"{name} {split}: {len(crops)} faces" in result.output
    of_ferplus = [len(packed["ferplus", split]) for split in FACE_SPLITS]
    assert of_ferplus == [50, 1400, 30]
    assert sum(len(packed["heads", split]) for split in FACE_SPLITS) == 140
    train = packed["heads", "train"]
    assert train.images.shape[1:] == (80, 80, 3)
    assert train.boxes is not None
    assert np.isclose(train.boxes[-1, 0, 2], 1 / 1.5, atol=1e-3)
