"""How far from the truth is the effect within units, in the designs of Fuhr & Papies (2024), beside
least squares in the ways of their tables?

Panels of 500 units in 10 periods with an effect of 1; A has no unit effects, B one on treatment and
outcome, C one on the covariates too; covariates act linearly or by squares, one, five or ten of
them. Besides, one in which they act by a product, which an additive basis cannot follow; and 95 %
intervals at two and at ten periods.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import causalstats as cs
from causalstats.case_studies.panel_dml import double_machine_learning
from causalstats.runs.resumable import resume

SAMPLER = cs.Auto()
CELLS: dict[str, tuple[Any, Any, int, int]] = {  # structure, shape, covariates, periods
    **{
        f"{structure}, {shape}": (structure, shape, 1, 10)
        for structure in "ABC"
        for shape in ("linear", "u-shaped")
    },
    "C, u-shaped, 5 covariates": ("C", "u-shaped", 5, 10),
    "C, u-shaped, 10 covariates": ("C", "u-shaped", 10, 10),
    "C, product of 2 covariates": ("C", "product", 2, 10),
    "C, u-shaped, 2 periods": ("C", "u-shaped", 1, 2),
}
PAPER = {
    "C, u-shaped": 0.031,
    "C, u-shaped, 5 covariates": 0.107,
    "C, u-shaped, 10 covariates": 0.236,
}  # DML (CRE) with boosted trees, their figure 6
COVERAGE = ("C, u-shaped", "C, u-shaped, 2 periods")  # 500 data sets each
# The designs on which double machine learning is run.
LEARNER_CELLS = [
    cell for cell in CELLS if "product" not in cell and "2 periods" not in cell
]
METHODS = (
    "PanelDML",
    "oracle",
    "fixed effects",
    "first differences",
    "early demeaning",
    "pooled basis",
    "pooled OLS",
    "simple OLS",
)


def one(number: int, jobs: list[tuple[str, int]]) -> dict[str, Any]:
    """Return the estimates of every method on one data set."""
    cell, seed = jobs[number]
    shape = CELLS[cell][1]
    model = cs.PanelDML(interactions="pairs" if shape == "product" else "none")
    data = _panel(cell, seed)
    record: dict = {"cell": cell, **_ours(model, data, seed)}
    if shape == "product":
        record["additive"] = _ours(cs.PanelDML(), data, seed)["PanelDML"]
    rng = np.random.default_rng(seed)
    record |= {
        name: float(answer(rng)[0].mean())
        for name, answer in model.baselines(data).items()
    }
    x = data.source[list(data.covariates)].to_numpy(float)
    true = {"linear": x, "u-shaped": x**2, "product": x.prod(axis=1, keepdims=True)}[
        shape
    ]
    columns = np.column_stack([data.outcome, data.treatment, true])
    inner = columns - np.repeat(
        np.add.reduceat(columns, data.starts) / data.sizes[:, None], data.sizes, axis=0
    )
    return record | {"oracle": float(np.linalg.lstsq(inner[:, 1:], inner[:, 0])[0][0])}


def _panel(cell: str, seed: int) -> cs.Panel:
    structure, shape, covariates, periods = CELLS[cell]
    return (
        cs.PanelDML()
        .simulate(
            seed, times=periods, covariates=covariates, structure=structure, shape=shape
        )
        .data
    )


def _with_ours(cell: str, seed: int) -> tuple[cs.Panel, float]:
    data = _panel(cell, seed)
    return data, _ours(cs.PanelDML(), data, seed)["PanelDML"]


def _ours(model: cs.PanelDML, data: cs.Panel, seed: int) -> dict[str, Any]:
    problem = cs.Problem(model, data)
    draws = SAMPLER.compile(problem).run(problem, seed)
    effect = draws["posterior"]["effect"].to_numpy().ravel()
    lower, upper = np.quantile(effect, [0.025, 0.975])
    return {
        "PanelDML": float(effect.mean()),
        "covered": bool(lower < 1 < upper),
        "importance": draws.attrs["draws_kind"] == "importance",
    }


def run(folder: Path, fast: bool = False) -> Path:
    """Fit the data sets that `folder/fits.jsonl` lacks, and write the table.

    100 data sets a design, 500 where coverage is counted, 10 for double machine learning; if
    `fast`, 3 and 2.
    """
    jobs = [
        (cell, seed)
        for cell in CELLS
        for seed in range(3 if fast else 500 if cell in COVERAGE else 100)
    ]
    records = resume(
        partial(one, jobs=jobs),
        range(len(jobs)),
        title="Data sets",
        path=folder / "fits.jsonl",
        description=f"{SAMPLER!r}, {len(jobs)}",
    )
    path = folder / "table.md"
    panels = {cell: partial(_with_ours, cell) for cell in LEARNER_CELLS}
    learners = double_machine_learning.run(folder, fast, panels, PAPER)
    path.write_text(table(records) + "\n" + learners)
    return path


def table(records: list[dict[str, Any]]) -> str:
    """Return mean absolute errors by design, and the share of 95 % intervals that cover."""
    heading = ["design", *METHODS, "paper's CRE", "covered"]
    rows = [heading, ["---"] * len(heading)]
    for cell in CELLS:
        estimates = [record for record in records if record["cell"] == cell]
        errors = [
            f"{np.mean([abs(record[name] - 1) for record in estimates]):.3f}"
            for name in METHODS
        ]
        share = np.mean([record["covered"] for record in estimates])
        covered = f"{share:.1%} ± {np.sqrt(0.95 * 0.05 / len(estimates)):.1%}"
        rows.append(
            [cell, *errors, f"{PAPER[cell]:.3f}" if cell in PAPER else "", covered]
        )
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    additive = [
        abs(record["additive"] - 1) for record in records if "additive" in record
    ]
    note = f'Without `interactions="pairs"` the error with a product is {np.mean(additive):.3f}. '
    by_nuts = sum(not record["importance"] for record in records)
    note += (
        f"Data sets that importance sampling left to NUTS: {by_nuts} of {len(records)}."
    )
    return "\n".join([*lines, "", note, ""])


if __name__ == "__main__":
    print(run(Path("results/panel_dml")))
