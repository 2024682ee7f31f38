"""A column that names groups of rows and is a covariate too stays the covariate that it is."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.errors import DataError

ROLES = {"outcome": "y", "treatment": "t", "instruments": ["z"]}


def _frame(rows: int = 60) -> pd.DataFrame:
    columns = ["y", "t", "z", "a", "b", "c"]
    values = np.random.default_rng(1).normal(size=(rows, 6))
    frame = pd.DataFrame(values, columns=columns)
    frame["year"] = np.repeat(np.arange(2000, 2000 + rows // 5), 5)
    return frame.assign(same=frame["year"])


@pytest.mark.parametrize(
    "role",
    [
        {"covariates": ["year"]},
        {"covariate_formula": "year + a"},
        {"instruments": ["z", "year"]},
    ],
)
def test_a_cluster_of_an_instrumented_effect_is_no_set_of_dummies(role):
    frame = _frame()
    data, expected = (
        cs.Instrumented.from_frame(frame, **(ROLES | role), cluster=cluster)
        for cluster in ("year", "same")
    )
    assert data.fingerprint == expected.fingerprint
    assert data.clusters == expected.clusters
    assert data.clusters[:2] == ("2000", "2001")


def test_a_cluster_that_is_a_covariate_is_read_alike_in_chunks():
    frame = _frame()
    options = ROLES | {"covariates": ["year"], "cluster": "year"}
    data = cs.Instrumented.from_chunks([frame[:30], frame[30:]], **options)
    expected = cs.Instrumented.from_frame(frame, **options)
    assert data.fingerprint == expected.fingerprint
    assert data.clusters == expected.clusters


@pytest.mark.parametrize("cluster", ["y", "t"])
def test_clusters_by_outcome_or_treatment_are_refused(cluster):
    with pytest.raises(DataError, match="share shocks"):
        cs.Instrumented.from_frame(_frame(), **ROLES, cluster=cluster)


def test_a_subject_of_a_composition_is_no_set_of_dummies():
    frame = _frame()
    frame[["a", "b", "c"]] = np.exp(frame[["a", "b", "c"]])
    data, expected = (
        cs.Composition.from_frame(
            frame, parts=["a", "b", "c"], covariates="year + z", subject=subject
        )
        for subject in ("year", "same")
    )
    assert data.fingerprint == expected.fingerprint
    assert data.matrix.shape == (60, 3)
