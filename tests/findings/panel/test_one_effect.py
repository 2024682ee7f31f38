"""One effect is doubted where effects differ together with the residual variance of the treatment.

Rows weigh by that variance, so that the answer is not the mean effect, which is 1 in every panel.
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

pytestmark = pytest.mark.usefixtures("without_trees")

_ROLES = {"unit": "firm", "time": "year", "outcome": "sales", "treatment": "price"}
_NAME = "one effect"
_KINDS = ("number", "curve", "text", "unit")


def _panel(
    seed: int, kind: str, slope: float, firms: int = 70, years: int = 8
) -> cs.Panel:
    """Effect 1 + slope w and sd of the treatment exp(.6 w), w of mean 0 and variance about 1."""
    rng = np.random.default_rng(seed)
    firm, year = np.repeat(np.arange(firms), years), np.tile(np.arange(years), firms)
    size = len(firm)
    frame = pd.DataFrame({"firm": firm, "year": year})
    frame["age"] = rng.normal(40, 10, size)
    frame["region"] = np.where(rng.random(size) < 0.5, "north", "south")
    modifier = {
        "number": (frame["age"].to_numpy() - 40) / 10,
        "curve": ((frame["age"].to_numpy() - 40) / 10) ** 2 / np.sqrt(2),
        "text": np.where(frame["region"] == "north", 1.0, -1.0),
        "unit": rng.normal(size=firms)[firm],
    }[kind]
    modifier = modifier - modifier.mean()
    frame["price"] = np.exp(0.6 * modifier) * rng.normal(size=size) + frame["age"] / 20
    firm_effects = rng.normal(size=firms)[firm]
    frame["sales"] = (
        (1 + slope * modifier) * frame["price"] + firm_effects + rng.normal(size=size)
    )
    return cs.Panel.from_frame(frame, **_ROLES, covariates=["age", "region"])


def _check(model: cs.PanelDML, data: cs.Panel) -> cs.Check:
    return next(check for check in model.data_checks(data) if check.name == _NAME)


@pytest.mark.parametrize("kind", _KINDS)
def test_effects_that_go_with_the_variance_of_the_treatment_are_doubted(kind):
    checks = [_check(cs.PanelDML(), _panel(seed, kind, 0.8)) for seed in range(3)]
    failed = [check for check in checks if check.passed is False]
    assert len(failed) >= 2
    remedies = {
        "number": "moderators='age'",
        "curve": "moderators='age + I((age - ",
        "text": "moderators='region'",
        "unit": "effects='unit'",
    }
    assert all(remedies[kind] in check.remedy for check in failed)
    assert all("effect" in check.estimands for check in failed)
    assert all(check.assumption == "constant effect" for check in failed)


@pytest.mark.parametrize("kind", _KINDS)
def test_equal_effects_are_not_doubted_however_the_treatment_varies(kind):
    """An alarm in five of a thousand data sets: two among three would be a mistake."""
    checks = [_check(cs.PanelDML(), _panel(seed, kind, 0.0)) for seed in range(3)]
    assert sum(check.passed is False for check in checks) <= 1


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("number", {"moderators": "age"}),
        pytest.param(
            "curve",
            {"moderators": "age + I((age - 40)**2)"},
            marks=pytest.mark.slow,
        ),
        ("text", {"moderators": "region"}),
        pytest.param("unit", {"effects": "unit"}, marks=pytest.mark.slow),
    ],
)
def test_the_mean_effect_is_covered_once_the_remedy_is_followed(kind, remedy):
    """Fewer than two of three intervals at .95 cover with probability .007."""
    covered = {}
    for name, model in {
        "default": cs.PanelDML(),
        "remedy": cs.PanelDML(**remedy),
    }.items():
        fits = [
            cs.fit(model, _panel(seed, kind, 0.8), seed=1, progress=False)
            for seed in range(3)
        ]
        rows = [fit.effect("effect").numbers().iloc[0] for fit in fits]
        covered[name] = sum(row["lower"] <= 1 <= row["upper"] for row in rows)
    assert covered["default"] == 0 and covered["remedy"] >= 2


def test_a_named_moderator_is_not_doubted_again():
    for seed in range(3):
        check = _check(cs.PanelDML(moderators="age"), _panel(seed, "number", 0.8))
        assert check.passed and check.assumption == "effect modification"


def test_effects_of_units_leave_nothing_to_test():
    checks = cs.PanelDML(effects="unit").data_checks(_panel(0, "unit", 0.8))
    assert _NAME not in {check.name for check in checks}


def test_the_doubt_stands_on_the_answer():
    fit = cs.fit(
        cs.PanelDML(), _panel(1, "number", 0.8, firms=150), seed=1, progress=False
    )
    assert _NAME in {check.name for check in fit.effect("effect").doubts}
    assert "constant effect (contradicted by these data)" in fit.effect("effect").text()


@pytest.mark.slow
@pytest.mark.parametrize("kind", _KINDS)
def test_false_alarms_are_rare(kind):
    """More than 5 alarms in 100 data sets have probability .001 at a rate of one in a hundred."""
    checks = [_check(cs.PanelDML(), _panel(seed, kind, 0.0)) for seed in range(100)]
    assert sum(check.passed is False for check in checks) <= 5


@pytest.mark.filterwarnings("error")
def test_outcomes_that_vary_only_in_untreated_units_leave_a_plain_answer():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"firm": np.repeat(np.arange(60), 6), "year": np.tile(np.arange(6), 60)}
    )
    treated = frame["firm"] < 20
    frame["price"] = rng.normal(size=360) * treated
    frame["sales"] = np.where(treated, 0.0, rng.random(360) < 0.1)
    check = _check_of_units(frame)
    assert check is None or (check.passed is True and np.isfinite(check.value))


def _check_of_units(frame: pd.DataFrame) -> cs.Check | None:
    checks = cs.PanelDML().data_checks(cs.Panel.from_frame(frame, **_ROLES))
    return next((check for check in checks if check.name == _NAME), None)


def _few_large(seed: int, effect: float, large: int = 3, rows: int = 200) -> cs.Panel:
    """60 firms of 6 years and effect 1, and few of many years: the mean over firms is about 1."""
    rng = np.random.default_rng(seed)
    sizes = np.r_[np.full(60, 6), np.full(large, rows)]
    firm = np.repeat(np.arange(len(sizes)), sizes)
    year = np.concatenate([np.arange(size) for size in sizes])
    price, errors = rng.normal(size=(2, len(firm)))
    slope = np.where(sizes > 6, effect, 1.0)[firm]
    sales = slope * price + rng.normal(size=len(sizes))[firm] + errors
    frame = pd.DataFrame({"firm": firm, "year": year, "price": price, "sales": sales})
    return cs.Panel.from_frame(frame, **_ROLES)


@pytest.mark.parametrize("large", [1, 3])
def test_few_large_units_of_another_effect_are_doubted(large):
    for seed in range(3):
        check = _check(cs.PanelDML(), _few_large(seed, 1.7, large))
        assert check.passed is False and "effects='unit'" in check.remedy
        carrying = "the unit that carries" if large == 1 else "the 3 units that carry"
        assert carrying in check.finding


def test_few_large_units_of_the_same_effect_are_not_doubted():
    """An alarm in five of a thousand data sets: two among six would be a mistake."""
    checks = [_check(cs.PanelDML(), _few_large(seed, 1.0)) for seed in range(6)]
    assert sum(check.passed is False for check in checks) <= 1


def test_few_large_units_are_looked_at_in_panels_of_which_the_checks_take_some_units():
    check = _check(cs.PanelDML(), _few_large(1, 1.3, rows=3_000))
    mean, answer = check.finding.split("over units is ")[1].split(" instead of ")
    assert check.passed is False
    assert float(mean) == pytest.approx(1 + 0.3 * 3 / 63, abs=0.1)
    assert float(answer) == pytest.approx(1.3, abs=0.05)


def test_effects_that_go_with_the_number_of_rows_are_doubted():
    """Sizes from 3 to 30 rows, and an effect of 1 plus half the deviation of their logarithm."""
    rng = np.random.default_rng(5)
    sizes = np.round(np.exp(rng.uniform(np.log(3), np.log(30), 150))).astype(int)
    firm = np.repeat(np.arange(150), sizes)
    year = np.concatenate([np.arange(size) for size in sizes])
    price, errors = rng.normal(size=(2, len(firm)))
    logs = np.log(sizes) - np.log(sizes).mean()
    sales = (1 + 0.5 * logs)[firm] * price + rng.normal(size=150)[firm] + errors
    frame = pd.DataFrame({"firm": firm, "year": year, "price": price, "sales": sales})
    check = _check(cs.PanelDML(), cs.Panel.from_frame(frame, **_ROLES))
    assert check.passed is False and "number of rows of a unit" in check.finding
    mean = float(check.finding.split("over units is ")[1].split(" ")[0])
    assert mean == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize(("slope", "doubted"), [(0.0, False), (-0.3, True)])
def test_effects_that_go_with_the_size_of_units_in_levels_are_doubted(slope, doubted):
    """Sales, prices and errors are in proportion to size, of log sd 1; the mean effect is 1."""
    rng = np.random.default_rng(8)
    logs = np.repeat(rng.normal(size=300), 6)
    firm, year = np.repeat(np.arange(300), 6), np.tile(np.arange(6), 300)
    price, errors = np.exp(logs) * rng.normal(size=(2, len(firm)))
    sales = (1 + slope * (logs - logs.mean())) * price + errors
    frame = pd.DataFrame({"firm": firm, "year": year, "price": price, "sales": sales})
    check = _check(cs.PanelDML(), cs.Panel.from_frame(frame, **_ROLES))
    assert check.passed is not doubted
    if doubted:
        mean, answer = check.finding.split("mean effect is ")[1].split(" instead of ")
        assert float(answer) < 0.7 < float(mean)
