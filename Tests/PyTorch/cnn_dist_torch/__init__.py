"""Holds cnn-dist against PyTorch.

    python3 -m venv venv && venv/bin/pip install -e Tests/PyTorch     # from the top of the repository
    venv/bin/python -m cnn_dist_torch                  # all checks; --help lists them

The rooms, from the ground up:

- `model`: a model file of cnn-dist as a PyTorch module, and the models of the zoo;
- `step`: one forward and backward pass, its losses, and how far it keeps away from kinks;
- `fixtures`: the small cases of Tests/Fixtures, by which the tests in Swift need no Python;
- the checks, one module each, that `python -m cnn_dist_torch.NAME` runs alone;
- `executable`, `same_loss` and `timed_step`, which Benchmarks uses too.

This file does not load PyTorch, for Benchmarks/speed.py must not.
"""

from pathlib import Path

# The package stands in the repository whose program it checks; it is not made to be installed elsewhere.
REPOSITORY = Path(__file__).resolve().parents[3]
