"""Runs the checks of cnn-dist against PyTorch, one after the other.

    python -m cnn_dist_torch                               # all of them
    python -m cnn_dist_torch words steps                   # some of them
    python -m cnn_dist_torch --cnn-dist .build/release/cnn-dist

Each check is a program of its own and says what it finds. One that fails does not keep the others from running.

Exit code 0 if all is well, else the largest code of a check: 1 if one fails, 2 if one could not be made.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass

from cnn_dist_torch import executable


@dataclass(frozen=True)
class Check:
    """A module that is run as a program."""

    what: str
    module: str
    arguments: tuple[str, ...] = ()
    # Whether it runs cnn-dist.
    takes_program: bool = True

    def command(self, program: str) -> list[str]:
        command = [sys.executable, "-m", f"cnn_dist_torch.{self.module}", *self.arguments]
        return command + (["--cnn-dist", program] if self.takes_program else [])


CHECKS = {
    "words": Check("the words and defaults of model files are those of cnn-dist", "words"),
    "coverage": Check("every word has a case and a model", "fixtures.make", ("--coverage",), takes_program=False),
    "verify": Check("operators against plain loops, gradients against differences", "verify", takes_program=False),
    "fixtures": Check("Tests/Fixtures is what PyTorch computes", "fixtures.make", ("--check",), takes_program=False),
    "steps": Check("one step of each model, tensor by tensor", "compare_step"),
    "optimizers": Check("thirty steps of each optimizer", "optimizers"),
}


def passed(name: str, program: str) -> int:
    """Runs a check; its exit code."""
    print(f"\n=== {name}: {CHECKS[name].what}", flush=True)
    code = subprocess.run(CHECKS[name].command(program)).returncode
    # A check that a signal has ended has a negative code.
    return code if code >= 0 else 1


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m cnn_dist_torch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", metavar="check", help=f"checks: {', '.join(CHECKS)} (default: all)")
    parser.add_argument("--cnn-dist", default=None, help="the program (default: from the path, or the release build)")
    arguments = parser.parse_args()
    for name in arguments.checks:
        if name not in CHECKS:
            parser.error(f"check '{name}' is none of {', '.join(CHECKS)}")
    return arguments


def main() -> int:
    arguments = parsed_arguments()
    try:
        program = executable.cnn_dist(arguments.cnn_dist)
    except executable.NoProgram as error:
        print(error, file=sys.stderr)
        return 2
    codes = {name: passed(name, program) for name in arguments.checks or CHECKS}
    failed = [name for name, code in codes.items() if code]
    complaint = f"; NOT {', '.join(failed)}" if failed else ""
    print(f"\n{len(codes) - len(failed)} of {len(codes)} checks are well{complaint}")
    return max(codes.values())


if __name__ == "__main__":
    sys.exit(main())
