"""All benchmarks; dlib's detector takes part where its file is given.

python benchmarks/run.py [path/to/mmod_human_face_detector.dat]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Each benchmark in a process of its own."""
    subprocess.run([sys.executable, HERE / "people.py"], check=True)
    if len(sys.argv) > 1:
        subprocess.run([sys.executable, HERE / "face_detector.py", sys.argv[1]], check=True)
    else:
        print("\nWithout dlib's mmod_human_face_detector.dat the detectors are not compared.")


if __name__ == "__main__":
    main()
