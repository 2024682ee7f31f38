"""Numbers: calibration, coverage, power, speed, failures included, from the committed files."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from bench_results import results
from catalogue import ROOT
from markdown import share, table, toctree, write

BENCHMARKS = ROOT / "benchmarks"
_OUTSIDE = re.compile(
    "statsmodels|doubleml|pyagrum|pgmpy|stan$|published|paper|textbook|scikit|wooldridge|"
    "closed_form|enumerat|definition|by_hand|balke"
)


def write_pages(folder: Path) -> None:
    """Write the pages and their index."""
    write(folder / "index.md", _index())
    write(folder / "calibration.md", _calibration())
    write(folder / "coverage.md", _coverage())
    write(folder / "refutation.md", _refutation())
    write(folder / "references.md", _references())
    readme = (BENCHMARKS / "README.md").read_text()
    body = readme.partition("\n")[2]
    write(folder / "benchmarks.md", f"# Speed and accuracy\n{body}")


def _index() -> str:
    pages = {
        "calibration": ("Are posteriors computed right?", _calibration_in_short()),
        "coverage": (
            "Do intervals hold the truth as often as they say?",
            _coverage_in_short(),
        ),
        "refutation": ("Do checks see what is wrong?", _refutation_in_short()),
        "references": ("Do others get the same numbers?", _references_in_short()),
        "benchmarks": (
            "How fast is it?",
            "ratios to other programs, measured in one run",
        ),
    }
    rows = [[f"[{words}]({page}.md)", short] for page, (words, short) in pages.items()]
    return "\n\n".join(
        [
            "# Numbers",
            "Measured on simulated data whose truth is known, and beside other programs. Every "
            "figure stands in a JSON file of `benchmarks/`, with the program that made it beside "
            "it; failures are shown with the rest.",
            table(["question", "in short"], rows),
            toctree(pages, hidden=True),
        ]
    )


def _records(folder: str) -> list[dict[str, Any]]:
    paths = sorted((BENCHMARKS / folder).glob("*.json"))
    return [json.loads(path.read_text()) for path in paths]


def _calibration_in_short() -> str:
    checked = [each for each in _records("calibration") if "checks" in each]
    passed = [each["checks"]["uniform ranks"]["passed"] for each in checked]
    fits = sum(each["data sets"] for each in checked)
    return f"ranks are uniform in {sum(passed)} of {len(passed)} models, {fits:,} fits"


def _coverage_in_short() -> str:
    rows = [row for record in _records("coverage") for row in record.values()]
    lowest, highest = 0.90, 0.98
    below = [row for row in rows if row["coverage"] < lowest]
    above = sum(row["coverage"] > highest for row in rows)
    named = sum(bool(row["known failure"]) for row in below)
    return (
        f"95 % intervals cover {share(lowest)} to {share(highest)} of the truths in "
        f"{len(rows) - above - len(below)} of {len(rows)} designs, more in {above}, and less in "
        f"{len(below)}, of which {named} are named failures"
    )


def _refutation_in_short() -> str:
    worlds = results()
    limit = 0.8
    visible = [
        each for each in worlds if each.wrong and not each.row.get("undetectable")
    ]
    seen = sum(each.row["caught"] >= limit for each in visible)
    right = sum(not each.wrong for each in worlds)
    return (
        f"{seen} of {len(visible)} ways to be wrong are seen in {share(limit)} of their data sets "
        f"or more, beside {right} ways to be right"
    )


def _references_in_short() -> str:
    count = sum(len(rows) for rows in _compared_with_others().values())
    return f"{count} tests compare with another program, a table or a closed form"


def _calibration() -> str:
    rows = []
    details = []
    others = []
    for path in sorted((BENCHMARKS / "calibration").glob("*.json")):
        record = json.loads(path.read_text())
        title = path.stem.replace("_", " ")
        if "checks" not in record:
            others.append(_by_route(title, record))
            continue
        checks = record["checks"]
        coverages = [each["coverage_95%"] for each in record["table"].values()]
        rows.append(
            [
                title,
                str(record["data sets"]),
                str(record["refused"]),
                _verdict(checks["uniform ranks"]["passed"]),
                f"{share(min(coverages))} to {share(max(coverages))}",
                f"{record['median seconds']:.2g}",
            ]
        )
        details.append(_details(title, record))
    head = [
        "model",
        "data sets",
        "refused",
        "uniform ranks",
        "95 % intervals cover",
        "seconds a fit",
    ]
    return "\n\n".join(
        [
            "# Calibration",
            "Simulation-based calibration (Talts et al. 2018): parameters are drawn from the "
            "prior, data from these, and the truth is ranked among the posterior draws. The "
            "ranks are uniform if sampler, likelihood and simulator are of one model. The test "
            "of uniformity is corrected for the number of quantities.",
            table(head, rows),
            *details,
            *others,
            _around_posteriors(),
        ]
    )


_PLANTED = {
    "right": "nothing",
    "scaled": "likelihood: numbers 10 % larger than they are",
    "counted": "likelihood: data counted 1.1 times",
    "shortcut": "closed form alone: data counted 1.1 times",
    "narrow": "draws 10 % too narrow",
    "wide": "draws 10 % too wide",
}


def _around_posteriors() -> str:
    """How often `fit.calibrate()` doubts, by what was planted."""
    record = json.loads((BENCHMARKS / "local_calibration.json").read_text())
    rows = [
        [
            family,
            _PLANTED[planted],
            f"{row['doubted']} of {row['runs']}",
            f"{row['studies']:.0f}",
        ]
        for family, planted_rows in record.items()
        for planted, row in planted_rows.items()
    ]
    return "\n\n".join(
        [
            "## Around one posterior",
            "How often `fit.calibrate()` doubted a fit, with nothing wrong or with an error of "
            "10 % planted in the likelihood or the sampler. Each run simulates a study of its own.",
            table(["family", "planted", "doubted", "studies fitted"], rows),
        ]
    )


def _by_route(title: str, record: dict[str, Any]) -> str:
    """Two probabilities of each route of identification, in a record of its own form."""
    quantity = next(name for name in record if name.startswith("of "))
    measures = list(next(iter(record[quantity].values())))
    rows = [
        [route, *(", ".join(map(str, values[name])) for name in measures)]
        for route, values in record[quantity].items()
    ]
    return "\n\n".join(
        [
            f"## {title.capitalize()}",
            f"{record['data sets']} data sets of {record['people']} people, {quantity}.",
            table(["route", *measures], rows),
        ]
    )


def _verdict(passed: bool | None) -> str:
    return {True: "passed", False: "**failed**", None: "undecided"}[passed]


def _details(title: str, record: dict[str, Any]) -> str:
    rows = [
        [
            f"`{name}`",
            f"{entry['p_uniform']:.3f}",
            *(
                f"{share(entry[f'coverage_{level}%'])} ± {share(entry[f'se_{level}%'])}"
                for level in (50, 80, 95)
            ),
        ]
        for name, entry in record["table"].items()
    ]
    head = ["quantity", "p of the ranks", "50 %", "80 %", "95 %"]
    return "\n".join(
        [
            f"::::{{dropdown}} {title}",
            f"`{record['model']}`, sampled by `{record['sampler']}`.",
            "",
            table(head, rows),
            "::::",
        ]
    )


def _coverage() -> str:
    parts = [
        "# Coverage",
        "How often default 95 % intervals hold the truth, over data sets of designs that are not "
        "the prior. “Wrong and unsaid” is the share of data sets in which the interval missed "
        "the truth and no doubt stood on the answer. Designs that take long have few data sets.",
    ]
    failures = []
    for path in sorted((BENCHMARKS / "coverage").glob("*.json")):
        rows = []
        for name, row in json.loads(path.read_text()).items():
            rows.append(
                [
                    name,
                    str(row["data sets"]),
                    f"{share(row['coverage'])} ± {share(row['standard error'])}",
                    share(row["wrong and unsaid"]),
                    f"{row['bias']:.3g}",
                    f"{row['mean width']:.3g}",
                    f"{row['median seconds']:.2g}",
                ]
            )
            if row["known failure"]:
                failures.append(f"- {path.stem}, {name}: {row['known failure']}")
        head = [
            "design",
            "data sets",
            "covered",
            "wrong and unsaid",
            "bias",
            "width",
            "seconds",
        ]
        parts += [f"## {path.stem.capitalize()}", table(head, rows)]
    if failures:
        parts += ["## Known failures", "\n".join(failures)]
    return "\n\n".join(parts)


def _refutation() -> str:
    parts = [
        "# Power of the checks",
        "Data sets in which a model is wrong in one respect, and how often its checks see it; "
        "and hard data sets in which it is right. “Doubt” is the share of data sets in which "
        "the answer carried a failed check or a caution.",
    ]
    worlds = results()
    for family in dict.fromkeys(each.family for each in worlds):
        here = [each for each in worlds if each.family == family]
        wrong = [
            [
                each.name,
                str(each.row["data sets"]),
                share(each.row["caught"]),
                share(each.row["doubt on the answer"]),
                (each.row.get("headline holds") or each.row.get("undetectable") or ""),
            ]
            for each in here
            if each.wrong
        ]
        right = [
            [
                each.name,
                str(each.row["data sets"]),
                share(each.row["doubt on the answer"]),
                ", ".join(each.row["failed"]),
            ]
            for each in here
            if not each.wrong
        ]
        parts += [
            f"## {family.capitalize()}",
            table(["wrong", "data sets", "seen", "doubt", ""], wrong),
            table(["right", "data sets", "doubt", "failed in some"], right),
        ]
    return "\n\n".join(parts)


def _references() -> str:
    """Tests whose names say which number from outside they compare with, by folder."""
    parts = [
        "# Outside references",
        "Tests that compare with another program, a published table, a closed form or a sum over "
        "all cases. Each test is a sentence; the program and version behind a stored number "
        "stand beside it in `tests/`.",
    ]
    for folder, listed in _compared_with_others().items():
        parts += [f"## {folder.capitalize()}", table(["what agrees", "test"], listed)]
    return "\n\n".join(parts)


def _compared_with_others() -> dict[str, list[list[str]]]:
    """Return what agrees, and the file of its test, by folder."""
    tests = ROOT / "tests"
    rows: dict[str, list[list[str]]] = {}
    for path in sorted(tests.rglob("test_*.py")):
        folder = " / ".join(path.relative_to(tests).parts[:-1]).replace("_", " ")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and _OUTSIDE.search(node.name):
                sentence = node.name.removeprefix("test_").replace("_", " ")
                where = f"`tests/{path.relative_to(tests)}`"
                rows.setdefault(folder, []).append([sentence, where])
    return rows
