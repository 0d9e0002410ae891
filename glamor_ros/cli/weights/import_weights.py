"""`glamor-ros import-weights`: converts the authors' TensorFlow checkpoint."""

from __future__ import annotations

from pathlib import Path

import typer

from glamor_ros.network.architecture import stored_values
from glamor_ros.network.weights.checkpoint import save_checkpoint
from glamor_ros.network.weights.tensorflow_checkpoint import TensorFlowCheckpoint
from glamor_ros.network.weights.tensorflow_import import import_tensorflow_checkpoint


def import_weights(
    prefix: Path = typer.Argument(
        ..., help="The TensorFlow checkpoint: its path without suffix, or that of its .index file."
    ),
    out: Path = typer.Argument(..., help="The .safetensors file to write."),
) -> None:
    """Convert the authors' TensorFlow checkpoint; TensorFlow is not needed."""
    if out.suffix != ".safetensors":
        raise typer.BadParameter(f"{out} must end in .safetensors", param_hint="OUT")
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
