"""`glamor-ros import-detector`: dlib's face detector to the package's own format."""

from __future__ import annotations

from pathlib import Path

import typer

from glamor_ros.perception.detection.mmod.weights import convert_dlib_weights


def import_detector(
    dat: Path = typer.Argument(..., help="dlib's mmod_human_face_detector.dat."),
    out: Path = typer.Argument(..., help="The .safetensors file to write."),
) -> None:
    """Convert dlib's CNN face detector; dlib is not needed."""
    if out.suffix != ".safetensors":
        raise typer.BadParameter(f"{out} must end in .safetensors", param_hint="OUT")
    convert_dlib_weights(dat, out)
    typer.echo(f"wrote {out} ({out.stat().st_size:,} bytes)")
