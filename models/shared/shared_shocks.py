"""Shocks that clusters share: residuals of neighbours, or of units alike, that are correlated.

The variance of an effect sums the products of what two clusters say, so that only clusters whose
treatments are correlated as well as their residuals make an interval too short (Abadie, Athey,
Imbens & Wooldridge 2023, who call the treatment's part the design). Both are tested, by
`group_correlation`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.shared.treatment_paths import paths
from causalstats.numerics.panel.group_correlation import group_correlation

SHARED_SHOCKS = "clusters share no shocks"
_LEVEL = 0.005  # over all groupings, in two tests each
_SMALLEST_LEVEL, _LARGEST_LEVEL = 0.0005, 0.002  # of one grouping

Groupings = Mapping[str, np.ndarray | None]


def neighbours(data: Panel) -> dict[str, np.ndarray | None]:
    """Return the grouping of clusters by their order, such as counties in that of their states."""
    return {f"the next {data.arguments['unit']!r}": None}


def groupings(data: Panel) -> dict[str, np.ndarray | None]:
    """Return labels of clusters (G,) by what they may share.

    A label is -1 for a cluster in no group; None stands for neighbours in order.

    Parameters
    ----------
    data : Panel
    """
    count = len(data.clusters)
    found = neighbours(data)
    first = np.unique(data.cluster, return_index=True)[1]
    if data.cluster_name is None:
        constant = data.constant_within_units(data.treatment).all(axis=1)
        alike = np.where(constant, -1, paths(data))
        found["the same treatment at every time"] = alike
    for name in data.covariates:
        codes = pd.factorize(data.source[name])[0]
        lasting = data.constant_within_units(codes[:, None])[:, 0].all()
        by_cluster = codes[data.starts][first]
        if lasting and len(np.unique(by_cluster)) <= count / 2:
            found[f"the same {name}"] = by_cluster
    return found


def level_of(found: Groupings) -> float:
    """Return the level of the tests of one grouping."""
    return float(np.clip(_LEVEL / len(found), _SMALLEST_LEVEL, _LARGEST_LEVEL))


def shared_by(
    treatments: np.ndarray,
    errors: np.ndarray,
    found: Groupings,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Return the correlation of residuals by each grouping in which treatments are correlated too.

    Parameters
    ----------
    treatments, errors : array, shape (G, T)
        Sums by cluster and period of the treatment and of residuals.
    found : mapping
        Of `groupings`.
    rng : Generator
    """
    level = level_of(found)
    suspects: dict[str, float] = {}
    for name, label in found.items():
        p, correlation = group_correlation(errors, label, rng)
        if p <= level and group_correlation(treatments, label, rng)[0] <= level:
            suspects[name] = correlation
    return suspects


def shared_shocks_check(
    data: Panel,
    suspects: Mapping[str, float],
    found: Groupings,
    *,
    estimands: tuple[str, ...],
    assumption: str,
    remedy: str = "",
) -> Check:
    """Return the check that no two clusters share shocks, from what `shared_by` found.

    Parameters
    ----------
    data : Panel
    suspects : mapping
    found : mapping
        The groupings that were tested.
    estimands : tuple of str
    assumption : str
        The name of the assumption that errors of clusters are independent.
    remedy : str
        The way to tell this model of the group, where the panel is not all that has to be told.
    """
    finding, of_panel = _in_words(data, suspects, found)
    return Check(
        name=SHARED_SHOCKS,
        passed=not suspects,
        value=max(suspects.values(), default=0.0),
        expected="no correlation of residuals and treatments between clusters, p above "
        f"{level_of(found):g}",
        finding=finding,
        remedy=f"The interval is too short. {remedy or of_panel}" if suspects else "",
        estimands=estimands,
        assumption=assumption,
        caution=True,
    )


def _in_words(
    data: Panel, suspects: Mapping[str, float], found: Groupings
) -> tuple[str, str]:
    """Return the finding and the remedy.

    Parameters
    ----------
    data : Panel
    suspects : mapping
        The correlation of residuals, by what clusters have in common.
    found : mapping
        The groupings that were tested.
    """
    if not suspects:
        several = "neighbours, units treated alike, or units with the same covariates"
        return f"none found between {several if len(found) > 1 else 'neighbours'}", ""
    unit = data.arguments["unit"]
    wider = (
        f"wider than {data.cluster_name!r}"
        if data.cluster_name
        else "that they belong to"
    )
    finding = "; ".join(
        f"residuals of {unit!r} with {name} have a correlation of {value:.2f}"
        for name, value in suspects.items()
    )
    return finding, (
        f"Give the panel the group {wider}, "
        f"`Panel.from_frame(cluster={suspected_cluster(data, suspects)!r})`"
    )


def suspected_cluster(data: Panel, suspects: Mapping[str, float]) -> str:
    """Return the covariate by which residuals are most correlated, or "..." if it is none."""
    worst = max(suspects, key=lambda name: suspects[name]).removeprefix("the same ")
    return worst if worst in data.covariates else "..."


def by_period(
    data: Panel, time: np.ndarray, cluster: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Return sums of rows (n,) by cluster and period, shape (G, T).

    Parameters
    ----------
    data : Panel
    time, cluster, rows : array, shape (n,)
        The time, the position of the cluster and the value of each row.
    """
    count = max(len(data.clusters), int(cluster.max()) + 1)
    sums = np.zeros((count, len(data.periods)))
    np.add.at(sums, (cluster, np.searchsorted(data.periods, time)), rows)
    return sums
