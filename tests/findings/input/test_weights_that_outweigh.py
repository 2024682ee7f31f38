"""A weight that outweighs all others is said, in every family that takes weights."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

pytestmark = pytest.mark.usefixtures("without_trees")

NAME = "no few rows outweigh all others"


def _panel(frame):
    rows = frame.assign(unit=np.arange(240) // 4, time=np.tile(np.arange(4), 60))
    return cs.Panel.from_frame(
        rows,
        unit="unit",
        time="time",
        outcome="y",
        treatment="d",
        covariates=["x"],
        weights="w",
    )


def _instrumented(frame):
    return cs.Instrumented.from_frame(
        frame, outcome="y", treatment="d", instruments=["z"], weights="w"
    )


def _decisions(frame):
    return cs.Decisions.from_frame(
        frame.assign(y=frame["y"].where(frame["t"])),
        outcome="y",
        decision="t",
        features=["x"],
        weights="w",
        kind="continuous",
    )


@pytest.mark.parametrize(
    ("model", "read"),
    [
        (cs.PanelDML(basis_size=2), _panel),
        (cs.Instrument(), _instrumented),
        (cs.Heckman(), _decisions),
    ],
    ids=["panel", "instrument", "decisions"],
)
def test_one_weight_of_a_million_fails(model, read):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(240, 4)), columns=list("xzey"))
    frame["d"] = frame["z"] + frame["e"]
    frame["t"] = frame["e"] > 0
    usual = read(frame.assign(w=rng.uniform(0.2, 5, 240)))
    slip = read(frame.assign(w=np.where(np.arange(240) == 7, 1e6, 1.0)))
    assert not _failed(model, usual)
    assert _failed(model, slip)


def _failed(model, data):
    return [check for check in model.data_checks(data) if check.name == NAME]


def test_worth_of_rows_is_that_of_kish():
    """Log-normal weights have a design effect of exp(s²) (Kish 1965, section 11.2)."""
    from causalstats.models.shared.weights_of_rows import no_rows_outweigh

    weights = np.exp(2.2 * np.random.default_rng(2).normal(size=20_000))
    (check,) = no_rows_outweigh(weights)
    assert check.value == pytest.approx(
        weights.sum() ** 2 / (weights**2).sum(), rel=1e-9
    )
    assert no_rows_outweigh(weights**0.4) == ()
