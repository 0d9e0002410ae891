"""`glamor-ros export`: the network as ONNX."""

from __future__ import annotations

from pathlib import Path

import typer

from ...network.weights.checkpoint import load_checkpoint
from ..extras import needs_extra


def export(
    weights: Path = typer.Argument(..., help="GLAMOR-Net checkpoint (.safetensors)."),
    directory: Path = typer.Argument(..., metavar="OUT_DIR", help="Where the ONNX files go."),
) -> None:
    """Export the network to ONNX, for TensorRT, OpenVINO and C++, and check it in onnxruntime.

    context_encoder.onnx runs once an image, person.onnx once for all people in it; the numbers of
    contexts and people are dynamic. model.json says what the inputs and outputs are.
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
