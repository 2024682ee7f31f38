"""The table of priors of `PanelDML`, which graph, density, simulator, checks and report read.

Parameters are in standard units: outcome and treatments over their standard deviations. A variant
of the model, such as an error model, adds the parameters that it alone has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.shared.distributions import Distribution, HalfNormal, Normal

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML

ZERO_VARIANCE = 1e-10  # of a column, in mean squares: rounding


@dataclass(frozen=True)
class Sizes:
    """The number of parameters of each kind.

    Parameters
    ----------
    equations : int
        Treatments and the outcome.
    terms : int
        Covariates, products and joint functions: groups of columns with a scale each.
    sines : bool
        Whether some columns are sines of a Hilbert-space Gaussian process.
    lowest : float, node or None
        The lowest serial correlation of AR(1) errors.
    """

    equations: int
    terms: int = 0
    sines: bool = False
    lowest: Any = None

    @property
    def by_term(self) -> tuple[int, int]:
        return self.equations, self.terms


@dataclass(frozen=True, eq=False)
class Parameter:
    """A parameter in standard units, with its prior.

    Parameters
    ----------
    name : str
        Its variable in the posterior, but for the prefix "between_".
    prior : Distribution
    shape : tuple of int
    dims : tuple of str
        Dims of the variable; where empty it has one of its own.
    typical : float
        A value that checks of the data may take before anything is sampled.
    reported : str
        The variable in units of the data; empty where there is none.
    reported_dim : str
    in_data_units : function of values and units, or None
        `units` (q,) are the standard deviations of treatments and outcome.
    """

    name: str
    prior: Distribution
    shape: tuple[int, ...]
    dims: tuple[str, ...] = ()
    typical: float = 0.0
    reported: str = ""
    reported_dim: str = "equation"
    in_data_units: Callable[[Any, Any], Any] | None = None

    @property
    def extent(self) -> dict[str, Any]:
        """The dims or the shape, as an argument of PyMC."""
        return {"dims": self.dims} if self.dims else {"shape": self.shape}


def slope_in_data_units(slope: Any, units: Any) -> Any:
    """Return slopes (..., k) per unit of each treatment, from those in standard units."""
    return slope * units[-1] / units[:-1]


def scale_in_data_units(scale: Any, units: Any) -> Any:
    """Return standard deviations (..., q) in units of the data, from those in standard units."""
    return scale * units


def parameters_of(model: PanelDML, sizes: Sizes) -> tuple[Parameter, ...]:
    """Return the parameters of the likelihood, in the order in which the graph has them."""
    effects, equations = sizes.equations - 1, (sizes.equations,)
    link_count = effects * (effects - 1) // 2
    effect = Parameter(
        "standard_effect",
        Normal(model.effect_sd),
        (effects,),
        reported="effect",
        reported_dim="treatment",
        in_data_units=slope_in_data_units,
    )
    links = Parameter("standard_link", Normal(model.effect_sd), (link_count,))
    error_sd = Parameter(
        "standard_error_sd",
        HalfNormal(model.error_scale),
        equations,
        typical=0.7,
        reported="error_sd",
        in_data_units=scale_in_data_units,
    )
    coefficient_sd = Parameter(
        "standard_coefficient_sd",
        HalfNormal(model.coefficient_scale, "softplus"),
        equations,
        typical=0.7,
        reported="coefficient_sd",
        in_data_units=scale_in_data_units,
    )
    return (
        effect,
        *([links] if link_count else []),
        error_sd,
        coefficient_sd,
        *model.coefficient_prior.parameters(model, sizes),
        *model.shrinkage_prior.parameters(model, sizes),
        *model.basis_family.parameters(model, sizes),
        *model.error_model.parameters(model, sizes),
    )


def prior_sds(model: PanelDML, data: Panel) -> dict[str, np.ndarray]:
    """Return the prior standard deviations of what `model.parameters` names, in data units.

    Correlations of coefficients are left out: the data hold no information about them where
    coefficients are small. So are scales of coefficients where no column of covariates varies.
    """
    sds: dict[str, np.ndarray] = {}
    checked = model.parameters(data)
    for prefix, statistics in model.statistics_by_prefix(data).items():
        variances = np.diagonal(statistics.gram[0])[: -len(statistics.units)]
        columns_vary = variances.max(initial=0.0) > ZERO_VARIANCE * statistics.rows
        for parameter in parameters_of(model, statistics.sizes):
            name = parameter.reported or parameter.name
            flat = name == "coefficient_sd" and not columns_vary
            if flat or f"{prefix}{name}" not in checked:
                continue
            sd = np.broadcast_to(parameter.prior.sd, parameter.shape)
            if parameter.in_data_units is not None:
                sd = parameter.in_data_units(sd, statistics.units)
            sds[f"{prefix}{name}"] = np.array(sd)
    return sds
