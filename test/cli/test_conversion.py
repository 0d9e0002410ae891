"""`glamor-ros import-weights` as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from glamor_ros.cli.weights.conversion import import_weights
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.network.weights.tensorflow_checkpoint import TensorFlowCheckpointError


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    application.command()(import_weights)
    return application


@pytest.mark.parametrize("suffix", ["", ".index"])
def test_says_what_it_read_and_wrote(
    app: typer.Typer, golden_dir: Path, tmp_path: Path, suffix: str
) -> None:
    prefix = golden_dir / "tensorflow_checkpoint/two_shards" / f"Model{suffix}"
    out = tmp_path / "new_folder" / "imported.safetensors"
    result = CliRunner().invoke(app, [str(prefix), str(out)])
    assert result.exit_code == 0, result.output
    assert "80 variables in Model.data-00000-of-00002, Model.data-00001-of-00002" in result.output
    assert "128 classifier units: 2,161,802 values" in result.output
    assert f"wrote {out} ({out.stat().st_size:,} bytes)" in result.output
    assert load_checkpoint(out).architecture.classifier_units == 128


def test_other_output_formats_are_refused_before_reading(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["absent", "weights.pt"])
    assert result.exit_code == 2
    assert "must end in .safetensors" in result.output


def test_nothing_is_written_where_nothing_can_be_read(tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    with pytest.raises(TensorFlowCheckpointError, match=r"Model\.index is missing"):
        import_weights(tmp_path / "Model", out)
    assert not out.exists()
