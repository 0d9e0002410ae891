"""`glamor-ros pack-training-data`: the starter weights' faces in one small file."""

from __future__ import annotations

from pathlib import Path

import typer

from ...training.data.face_crops import CropSettings, FaceCrops
from ...training.data.face_splits import FACE_SPLITS
from ...training.data.open_faces import FERPLUS, HEADS, open_faces
from ...training.data.packed_faces import PackingQuality, pack_faces
from ..progress import progress_bar

_CROP, _QUALITY = CropSettings(), PackingQuality()


def pack_training_data(
    output: Path = typer.Argument(..., metavar="OUT", help="The file to write, .npz."),
    ferplus: Path = typer.Option(
        ..., metavar="DIR", help="Folder of ferplus_train.npz and ferplus_valid.npz."
    ),
    heads: Path = typer.Option(
        ...,
        metavar="DIR",
        help="Folder of facial_expressions, with crop files in DIR/crop/mmod and DIR/crop/yunet.",
    ),
    side: int = typer.Option(_CROP.side_px, min=1, help="Height and width of a head's crop, px."),
    boxes_wide: float = typer.Option(
        _CROP.boxes_wide, min=1.0, help="Width of a head's crop, in detector's boxes."
    ),
    grey_quality: int = typer.Option(
        _QUALITY.grey, min=1, max=100, help="WebP quality of FER+ faces."
    ),
    colour_quality: int = typer.Option(
        _QUALITY.colour, min=1, max=100, help="WebP quality of heads."
    ),
) -> None:
    """Pack FER+ and heads, divided and cut by detectors' boxes, into one file for another machine.

    The pictures are lossy. `glamor-ros train` takes the file in place of either dataset.
    """
    crop = CropSettings(side, boxes_wide)
    sets: dict[tuple[str, str], FaceCrops] = {}
    with progress_bar() as stage:
        for split in FACE_SPLITS:
            sets[FERPLUS, split] = open_faces(FERPLUS, ferplus, split)
            sets[HEADS, split] = open_faces(
                HEADS, heads, split, crop=crop, on_progress=stage(f"cutting heads ({split})")
            )
    pack_faces(sets, output, PackingQuality(grey_quality, colour_quality))
    for (name, split), crops in sets.items():
        typer.echo(f"{name} {split}: {len(crops)} faces")
    typer.echo(f"{output}: {output.stat().st_size / 1e6:.1f} MB")
