"""`glamor-ros model-card`: the figures of a model card, measured, and its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer

from ...atomic_file import atomic_path, atomic_write
from ...training.evaluation.card_data import require_card_split
from ...training.evaluation.card_measurement import (
    FACES,
    HEADS,
    CardData,
    MeasuredNetwork,
    measure_network,
)
from ...training.evaluation.model_card import MeasuredCard, ModelCardError, filled_card
from ...training.evaluation.selective_accuracy import selective_accuracy
from ..detector_options import DETECTOR_OPTION, DETECTOR_WEIGHTS_OPTION
from ..extras import needs_extra
from ..progress import progress_bar
from .card_images import DATA_OPTION, detect_heads, face_data, open_crops, require_data

DISTURBED_FACES = 600
SCENES = 600


def model_card(
    weights: list[Path] = typer.Argument(
        None,
        metavar="[WEIGHTS]...",
        help="GLAMOR-Net checkpoints (.safetensors); none to make the tables of --json's figures.",
    ),
    data: list[str] = DATA_OPTION,
    split: str = typer.Option(
        "held_out",
        help="held_out: all faces of FER+'s validation archive and the identities of heads that "
        "nobody trains or chooses on; measure it once. choice: a part of the training data that "
        "choices are made on.",
    ),
    json_path: Path = typer.Option(
        ..., "--json", metavar="FILE", help="Where the figures go, or come from without WEIGHTS."
    ),
    card: Optional[Path] = typer.Option(
        None, metavar="FILE", help="Card whose tables are made anew; without it they are printed."
    ),
    figure: Optional[Path] = typer.Option(
        None, metavar="OUT", help="File for a drawing of accuracy by coverage (.png, .pdf)."
    ),
    flip: bool = typer.Option(
        False, "--flip", help="Measure what averaging with the mirrored face would gain, too."
    ),
    disturbed_faces: int = typer.Option(
        DISTURBED_FACES, min=1, help="How many of the FER+ faces are disturbed in every way."
    ),
    scenes: int = typer.Option(
        SCENES,
        min=0,
        help="How many scenes are composed of the FER+ faces, for weights that see others' faces.",
    ),
    detector: str = DETECTOR_OPTION,
    detector_weights: Optional[Path] = DETECTOR_WEIGHTS_OPTION,
) -> None:
    """Measure networks for a model card, with 95 % intervals, and make its tables.

    Faces of FER+ stand in neutral surroundings; photographs of heads go through the face detector.
    Besides figures of each class, confusions and calibration, the tables tell how accurate the
    networks are where they are sure, and on faces that are small, blurred, dark, turned or covered.
    """
    if figure is not None:
        with needs_extra("training"):
            from ...visualization.plots import require_figure_suffix
        require_figure_suffix(figure)
    require_card_split(split)
    paths = face_data(data)
    if not weights:
        if paths or figure is not None:
            raise ModelCardError("--data and --figure need WEIGHTS that are measured")
        measured = MeasuredCard.load(json_path)
    else:
        require_data(paths)
        with progress_bar() as stage:
            card_data = CardData(
                open_crops(paths, split),
                detect_heads(paths, split, detector, detector_weights, stage),
                disturbed_faces,
                flip,
                scenes,
            )
            networks = {one.stem: measure_network(one, card_data, stage) for one in weights}
        measured = MeasuredCard(
            split,
            detector,
            card_data.as_dict(),
            {name: network.figures for name, network in networks.items()},
        )
        measured.save(json_path)
        if figure is not None:
            _draw(networks, figure)
    if card is None:
        typer.echo(measured.markdown(), nl=False)
    else:
        try:
            text = card.read_text()
        except OSError as error:
            raise ModelCardError(f"cannot read the card {card}: {error.strerror}") from error
        atomic_write(card, filled_card(text, measured).encode())


def _draw(networks: dict[str, MeasuredNetwork], figure: Path) -> None:
    from ...visualization.plots import CoverageCurve, coverage_figure, save_figure

    measured = {
        f"{name}, {data}": selective_accuracy(network.predictions[data])
        for name, network in networks.items()
        for data in (FACES, HEADS)
        if data in network.predictions
    }
    curves = {name: CoverageCurve(one.coverage, one.accuracy) for name, one in measured.items()}
    with atomic_path(figure) as partial:
        save_figure(coverage_figure(curves), partial)
