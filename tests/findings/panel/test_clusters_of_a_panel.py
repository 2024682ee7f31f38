"""Clusters above the unit: `Panel.from_frame(cluster=...)` reads groups of whole units."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.errors import DataError

_ROLES = {"unit": "county", "time": "year", "outcome": "y", "treatment": "law"}


def _counties(states: int, each: int, labels: str) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    county = np.repeat(np.arange(states * each), 4)
    frame = pd.DataFrame(
        {"county": county, "year": np.tile(np.arange(4), states * each)}
    )
    number = county // each
    frame["state"] = (
        number if labels == "numbers" else np.array([f"s{k}" for k in number])
    )
    frame["law"] = rng.normal(size=len(frame))
    frame["y"] = rng.normal(size=len(frame))
    return frame.sample(frac=1, random_state=1)


@pytest.mark.parametrize("labels", ["numbers", "text"])
@pytest.mark.parametrize(("states", "each"), [(3, 2), (12, 5)])
def test_each_unit_belongs_to_the_cluster_of_its_rows(states, each, labels):
    frame = _counties(states, each, labels)
    panel = cs.Panel.from_frame(frame, **_ROLES, cluster="state")
    assert len(panel.clusters) == states
    clusters = {
        panel.units[k]: panel.clusters[code] for k, code in enumerate(panel.cluster)
    }
    expected = {str(row.county): str(row.state) for row in frame.itertuples()}
    assert clusters == expected
    assert panel.facts()["Clusters"] == f"{states} (state)"


def test_clusters_are_units_unless_they_are_named():
    frame = _counties(3, 2, "text")
    for panel in (
        cs.Panel.from_frame(frame, **_ROLES),
        cs.Panel.from_frame(frame, **_ROLES, cluster="county"),
    ):
        assert panel.clusters == panel.units
        np.testing.assert_array_equal(panel.cluster, np.arange(6))
        assert "Clusters" not in panel.facts()


def test_a_panel_read_in_pieces_has_the_same_clusters():
    frame = _counties(4, 3, "text")
    whole = cs.Panel.from_frame(frame, **_ROLES, cluster="state")
    pieces = cs.Panel.from_chunks([frame[:20], frame[20:]], **_ROLES, cluster="state")
    assert pieces.clusters == whole.clusters
    np.testing.assert_array_equal(pieces.cluster, whole.cluster)
    assert pieces.fingerprint == whole.fingerprint


def test_a_covariate_may_be_the_cluster_too():
    frame = _counties(4, 3, "text")
    panel = cs.Panel.from_frame(frame, **_ROLES, covariates=["state"], cluster="state")
    assert len(panel.clusters) == 4


@pytest.mark.parametrize("cluster", ["year", "y", "law", 3, ""])
def test_a_cluster_that_is_no_column_of_labels_is_refused(cluster):
    with pytest.raises(DataError, match="cluster"):
        cs.Panel.from_frame(_counties(3, 2, "text"), **_ROLES, cluster=cluster)


def test_an_unknown_cluster_names_the_columns_there_are():
    with pytest.raises(DataError, match="Did you mean 'state'"):
        cs.Panel.from_frame(_counties(3, 2, "text"), **_ROLES, cluster="stat")


def test_units_that_change_their_cluster_are_refused():
    frame = _counties(3, 2, "text")
    frame.loc[frame["county"].eq(4) & frame["year"].eq(2), "state"] = "s0"
    with pytest.raises(
        DataError, match="one value of cluster 'state' in each 'county'; '4'"
    ):
        cs.Panel.from_frame(frame, **_ROLES, cluster="state")


def test_one_cluster_alone_is_refused():
    frame = _counties(3, 2, "text").assign(country="here")
    with pytest.raises(DataError, match="at least two clusters"):
        cs.Panel.from_frame(frame, **_ROLES, cluster="country")
