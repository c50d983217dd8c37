"""Where the program cnn-dist is. It does not load PyTorch (see speed.py of Benchmarks)."""

import os
import shutil

from cnn_dist_torch import REPOSITORY

RELEASE_BUILD = REPOSITORY / ".build" / "release" / "cnn-dist"


class NoProgram(Exception):
    """A program is missing; the message says which, and the remedy."""


def cnn_dist(given: str | None) -> str:
    """The path of the given program, or else of the one on the path, or else of the release build."""
    found = shutil.which(given) if given else shutil.which("cnn-dist") or shutil.which(RELEASE_BUILD)
    if not found:
        raise NoProgram(f"there is no program {given or 'cnn-dist'}; build it with: swift build -c release")
    return os.path.abspath(found)
