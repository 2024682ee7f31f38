"""Studies of real questions, one folder each.

The `__init__.py` of a folder states the question in its docstring, the package that brings the
data and the time the study takes; its `study.py` has `run(folder, fast)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import causalstats as cs
    from causalstats.core.model import Model


@dataclass(frozen=True)
class CaseStudy:
    """A case study as `causalstats study` lists it.

    Parameters
    ----------
    name : str
        The name of its folder.
    question : str
    package : str or None
        The package that brings the data, None where the data are part of causalstats.
    seconds : int
        About how long it takes on two cores, with nothing compiled before.
    """

    name: str
    question: str
    package: str | None
    seconds: int

    @property
    def time(self) -> str:
        """How long it takes, in words."""
        if self.seconds < 60:
            return f"{self.seconds} seconds"
        if self.seconds < 5400:
            minutes = round(self.seconds / 60)
            return f"{minutes} minute{'s' * (minutes > 1)}"
        return f"{round(self.seconds / 3600)} hours"

    def run(self, folder: Path, fast: bool = False) -> Path:
        """Fit, check and save in a folder.

        Parameters
        ----------
        folder : Path
        fast : bool
            Fewer draws and, in most studies, no sensitivity.

        Returns
        -------
        Path
            The report.
        """
        study = import_module(f"causalstats.case_studies.{self.name}.study")
        return study.run(folder, fast)


def case_studies() -> dict[str, CaseStudy]:
    """Return every study by its name; none is imported."""
    listed = {}
    for name in sorted(module.name for module in iter_modules(__path__)):
        about = import_module(f"causalstats.case_studies.{name}")
        listed[name] = CaseStudy(name, str(about.__doc__), about.PACKAGE, about.SECONDS)
    return listed


def fit_saved(
    model: Model, data: Any, folder: Path, *, seed: int, fast: bool
) -> cs.Fit:
    """Return the fit of a study, saved as `fit.nc`.

    Parameters
    ----------
    model : Model
    data
        Data of the class that the model is for.
    folder : Path
        Where `fit.nc` is written.
    seed : int
    fast : bool
        Whether NUTS, where it is needed, runs 2 chains of 500 draws rather than its defaults.
    """
    import causalstats as cs

    fit = cs.fit(
        model,
        data,
        seed=seed,
        sampler=cs.Auto(chains=2, draws=500, tune=300) if fast else None,
    )
    fit.save(folder / "fit.nc")
    return fit
