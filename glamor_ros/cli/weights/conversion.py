"""`import-weights`, `import-detector` and `export`: weights from and to other formats."""

from __future__ import annotations

from pathlib import Path

import typer

from ...network.architecture import stored_values
from ...network.weights.checkpoint import load_checkpoint, save_checkpoint
from ...network.weights.tensorflow_checkpoint import TensorFlowCheckpoint
from ...network.weights.tensorflow_import import import_tensorflow_checkpoint
from ...perception.detection.mmod.weights import convert_dlib_weights
from ..extras import needs_extra


def import_weights(
    prefix: Path = typer.Argument(
        ..., help="The TensorFlow checkpoint: its path without suffix, or that of its .index file."
    ),
    out: Path = typer.Argument(..., help="The .safetensors file to write."),
) -> None:
    """Convert the authors' TensorFlow checkpoint; TensorFlow is not needed."""
    _require_safetensors(out)
    source = TensorFlowCheckpoint(prefix)
    checkpoint = import_tensorflow_checkpoint(source)
    save_checkpoint(checkpoint, out)
    shard_names = ", ".join(path.name for path in source.shard_paths)
    typer.echo(f"read {source.index_path}: {len(source.variables)} variables in {shard_names}")
    typer.echo(
        f"GLAMOR-Net, {checkpoint.architecture.encoder} encoder, "
        f"{checkpoint.architecture.classifier_units} classifier units: "
        f"{stored_values(checkpoint.network):,} values"
    )
    typer.echo(f"wrote {out} ({out.stat().st_size:,} bytes)")


def import_detector(
    dat: Path = typer.Argument(..., help="dlib's mmod_human_face_detector.dat."),
    out: Path = typer.Argument(..., help="The .safetensors file to write."),
) -> None:
    """Convert dlib's CNN face detector; dlib is not needed."""
    _require_safetensors(out)
    convert_dlib_weights(dat, out)
    typer.echo(f"wrote {out} ({out.stat().st_size:,} bytes)")


def export(
    weights: Path = typer.Argument(..., help="GLAMOR-Net checkpoint (.safetensors)."),
    directory: Path = typer.Argument(..., metavar="OUT_DIR", help="Where the ONNX files go."),
) -> None:
    """Export the network to ONNX, for TensorRT, OpenVINO and C++, and check it in onnxruntime.

    context_encoder.onnx runs once for each image, person.onnx once for all people in it; the
    numbers of contexts and people are dynamic. model.json describes the inputs and outputs.
    """
    with needs_extra("export"):
        import onnxscript  # noqa: F401  (the exporter imports it later, and says less)

        from ...network.onnx.check import check_onnx
        from ...network.onnx.export import export_onnx
    checkpoint = load_checkpoint(weights)
    for path in export_onnx(checkpoint, directory):
        typer.echo(f"wrote {path} ({path.stat().st_size:,} bytes)")
    difference = check_onnx(checkpoint, directory)
    typer.echo(f"checked in onnxruntime: the outputs differ by at most {difference:.1e}")


def _require_safetensors(out: Path) -> None:
    if out.suffix != ".safetensors":
        raise typer.BadParameter(f"{out} must end in .safetensors", param_hint="OUT")
