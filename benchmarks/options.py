"""What a run of the benchmarks is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_MMOD_DAT = REPOSITORY / "test/data/golden/mmod_human_face_detector.dat"
DEFAULT_PICTURES = REPOSITORY / "test/data/images"
DEFAULT_RESULTS = REPOSITORY / "benchmarks/results"
BASELINE = REPOSITORY / "benchmarks/baseline.json"
DEFAULT_IMAGES = REPOSITORY / "docs/images"


@dataclass(frozen=True)
class Options:
    """The settings of one run, the same for all rows.

    Attributes:
        device: Where this package's networks run: "cpu", "cuda" or "cuda:N"; rivals use the CPU.
        threads: Of the processor, for all rivals.
        quick: Fewer sizes and repetitions, to see that everything works.
        full: The long cases as well: dlib at 1920x1080, ten minutes of overload.
        overload_s: How long the overload lasts; None: as the other options say.
        mmod_dat: dlib's mmod_human_face_detector.dat; may not exist.
        yunet: YuNet's ONNX file; None: where the package keeps it.
        pictures: A folder of photographs for the comparison with dlib; may not exist.
    """

    device: str
    threads: int
    quick: bool
    full: bool
    mmod_dat: Path
    yunet: Path | None
    pictures: Path
    overload_s: int | None = None

    def chosen(self, quick: int, usual: int) -> int:
        """One of two numbers of repetitions or seconds."""
        return quick if self.quick else usual
