"""Common part of the priors whose hyperparameters are sampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import xarray as xr

from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation import student_rows
from causalstats.models.partial_correlation.hyperpriors import Hyperprior
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.base import AnswerText
from causalstats.models.partial_correlation.priors.basis_variances import (
    log_variance_of,
)
from causalstats.models.partial_correlation.row_dependence import row_dependence_of

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation


class SampledPrior:
    """A prior with hyperparameters to sample, for rows observed and dependent in any way."""

    hyperparameters: ClassVar[tuple[str, ...]] = ()
    latent: ClassVar[tuple[str, ...]] = ()
    answers: ClassVar[Mapping[str, AnswerText]] = {}
    withheld: ClassVar[Mapping[str, str]] = {}
    spread_remedy = ""

    def hyperpriors(
        self,
        model: PartialCorrelation,
        log_variance: float,
        parts: int,
        related: bool = False,
    ) -> dict[str, Hyperprior]:
        raise NotImplementedError

    def suits(self, model: PartialCorrelation, data: Composition) -> bool:
        return True

    def refuse(self, model: PartialCorrelation, data: Composition) -> None:
        """Refuse a row correlation where rows are independent; every such posterior is proper."""
        if model.row_correlation is not None and row_dependence_of(data).independent:
            raise ModelError(
                "`row_correlation` is that of rows of one `subject`, or in `time`; these data "
                "name neither."
            )
        if model.errors == "student":
            student_rows.refuse_dependent(data)

    def inputs(self, model: PartialCorrelation, data: Composition) -> dict[str, Any]:
        rows = row_dependence_of(data)
        related = data.distances is not None
        log_variance = log_variance_of(model, data)
        table = self.hyperpriors(model, log_variance, len(data.parts), related)
        table |= rows.hyperpriors(model.row_correlation)
        inputs: dict[str, Any] = {"rows_free": data.degrees}
        if model.errors == "student":
            table |= student_rows.hyperpriors(model)
            inputs |= student_rows.inputs(data, observation_of(data))
        else:
            inputs |= rows.inputs(data, observation_of(data))
        for name, hyperprior in table.items():
            inputs |= hyperprior.inputs(name)
        return {name: np.asarray(value, float) for name, value in inputs.items()}

    def recover_precision(
        self, draws: xr.Dataset, data: Composition, rng: np.random.Generator
    ) -> xr.Dataset:
        return draws
