"""Everything that causalstats needs to run is under a licence that goes with Apache-2.0."""

import re
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

PERMISSIVE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|Zlib|PSF|Python Software Foundation|CC0|MPL|Mozilla|HPND|"
    r"Unlicense|MIT-0|BSL|Boost|Historical Permission)"
)
RECIPROCAL = re.compile(r"\b(AGPL|GPL|GNU (Affero|General))", re.IGNORECASE)
LESSER = re.compile(r"\b(LGPL|Lesser)", re.IGNORECASE)


def needed(name: str, seen: dict[str, str]) -> None:
    """Add a distribution and all that it needs, with the words of their licences."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen:
        return
    try:
        found = distribution(name)
    except PackageNotFoundError:  # for another platform
        return
    about = found.metadata
    words = [about.get("License-Expression") or "", (about.get("License") or "")[:200]]
    words += [
        each
        for each in about.get_all("Classifier") or []
        if each.startswith("License ::")
    ]
    seen[key] = "; ".join(filter(None, words))
    for text in found.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed(requirement.name, seen)


def test_every_package_that_is_needed_has_a_permissive_licence():
    licences: dict[str, str] = {}
    needed("causalstats", licences)
    assert len(licences) > 30
    strange = {
        name: words
        for name, words in licences.items()
        if not PERMISSIVE.search(words)
        or (RECIPROCAL.search(words) and not LESSER.search(words))
    }
    assert strange == {}
