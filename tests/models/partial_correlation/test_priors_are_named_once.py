"""The name of a prior is written where the prior is listed, and compared with nothing."""

import ast
from pathlib import Path

import causalstats.models.partial_correlation as family
from causalstats.models.partial_correlation.priors import PRIORS

FOLDER = Path(family.__file__).parent
LISTED = Path("priors/__init__.py")


def places_of(name: str) -> list[Path]:
    """Return the files with an expression that is the name, once for each."""
    return [
        path.relative_to(FOLDER)
        for path in sorted(FOLDER.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value == name
    ]


def test_a_new_prior_is_a_file_and_a_line():
    for name in PRIORS:
        assert places_of(name) == [LISTED], name


def test_every_prior_has_a_file_of_its_own():
    files = [type(prior).__module__ for prior in PRIORS.values()]
    assert len(set(files)) == len(PRIORS)
