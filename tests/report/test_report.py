"""The report.

Nothing in it runs or is fetched, nothing of the contents is taken for HTML, the worst comes first,
and it is written whole.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from causalstats.core.assumption import Adjustment, Assumption
from causalstats.core.check import Check
from causalstats.core.effect import Effect
from causalstats.errors import StoreError
from causalstats.report import ReportContents, render, write
from causalstats.report.html_page import with_code
from causalstats.report.table import MOST_ROWS, number, table

ATTACKS = (
    "<script>alert(1)</script>",
    '" onerror="alert(1)',
    "' onload='alert(1)",
    "</td></table><img src=https://example.org/x>",
    "</style><script>",
    "{{ 7 * 7 }}",
)
VOID = {"meta", "img", "wbr"}


class Page(HTMLParser):
    """The page as a browser would parse it.

    Elements with their attributes, text, and whether every element was closed in order.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        self.text.append(data)

    def attributes(self, name: str) -> list[str]:
        return [
            attributes[name] or ""
            for _, attributes in self.elements
            if name in attributes
        ]

    def meta(self, key: str, value: str) -> str | None:
        return next(
            (
                attributes["content"]
                for tag, attributes in self.elements
                if tag == "meta" and attributes.get(key) == value
            ),
            None,
        )


def figure(label: str = "x") -> Figure:
    page = Figure(figsize=(2, 1))
    page.add_subplot().set_xlabel(label, parse_math=False)
    return page


def estimates(label: str = "age", column: str = "mean") -> pd.DataFrame:
    numbers = {
        column: [0.01234567],
        "lower": [0.01],
        "upper": [0.02],
        "ess_bulk": [1234.5],
        "ess_tail": [np.nan],
        "r_hat": [1.00123],
    }
    return pd.DataFrame(numbers, index=pd.Index([label], name=label))


def check(name: str, passed: bool | None, text: str = "text") -> Check:
    return Check(
        name=name,
        passed=passed,
        value=0.123456 if passed is not None else None,
        expected=text,
        finding=text,
        remedy=text,
    )


def contents(text: str = "text") -> ReportContents:
    """A report in which every text is the one given."""
    effect = Effect(
        name=text,
        draws=xr.DataArray(np.zeros((1, 1)), dims=("chain", "draw")),
        description=text,
        unit=text,
        contrast=text,
        kind="associational",
        assumptions=(text, text),
        make_doubts=lambda: (check(text, False, text),),
    )
    return ReportContents(
        title=text,
        question=text,
        status="warn",
        banner=(text, text),
        cautions=(text,),
        answer=text,
        model_name=text,
        fields=((text, text),),
        assumptions=(
            Assumption(name=text, statement=text, if_wrong=text, formula=text),
        ),
        adjustments=(Adjustment(needed=text, here=text),),
        derivation=(text, text),
        diagram=figure(text),
        diagram_caption=text,
        data_facts=((text, text),),
        effects=((effect, estimates(text, text)),),
        comparison=pd.DataFrame({text: [text], "mean": [0.5]}, index=[text]),
        comparison_note=text,
        withheld=text,
        figures=((text, text, figure(text)),),
        checks=(
            check(text, True, text),
            check(text, False, text),
            check(text, None, text),
        ),
        sensitivity=((text, estimates(text), figure(text)),),
        reproduce=((text, text),),
        call=text,
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_text_is_escaped(attack):
    page, harmless = Page(render(contents(attack))), Page(render(contents("§")))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
    assert [sorted(attributes) for _, attributes in page.elements] == [
        sorted(attributes) for _, attributes in harmless.elements
    ]
    assert "script" not in {tag for tag, _ in page.elements}
    assert not [
        name
        for _, attributes in page.elements
        for name in attributes
        if name.startswith("on")
    ]
    assert "".join(page.text).count(attack) == "".join(harmless.text).count("§") > 40


def test_code_is_set_as_code_and_nothing_else_is():
    assert (
        with_code("see `cs.Nuts(draws=4000)`, <b>not</b> `")
        == "see <code>cs.Nuts(draws=4000)</code>, &lt;b&gt;not&lt;/b&gt; `"
    )
    assert with_code("`<script>`") == "<code>&lt;script&gt;</code>"


def test_the_page_fetches_nothing_and_forbids_fetching():
    page = Page(render(contents()))
    assert page.meta("http-equiv", "Content-Security-Policy").split("; ")[:3] == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
    ]
    assert page.attributes("src") and all(
        source.startswith("data:image/svg+xml;base64,")
        for source in page.attributes("src")
    )
    targets = page.attributes("href")
    assert targets and all(
        target.startswith("#") and target[1:] in page.attributes("id")
        for target in targets
    )
    assert not {"script", "link", "iframe", "object", "base", "form"} & {
        tag for tag, _ in page.elements
    }
    assert (
        "http:" not in render(contents())
        and "https:" not in render(contents())
        and "@import" not in render(contents())
    )


def test_pictures_are_svg_without_scripts_and_have_alternatives():
    page = Page(render(contents("</text><script>alert(1)</script>")))
    pictures = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(pictures) == 3 and all(picture["alt"] for picture in pictures)
    for picture in pictures:
        svg = base64.b64decode(picture["src"].split(",")[1])
        assert b"<svg" in svg and b"<script" not in svg


def test_the_page_is_well_formed_and_readable_by_machines():
    page = Page(render(contents()))
    assert page.open == []
    assert page.elements[0] == ("html", {"lang": "en"})
    assert page.meta("name", "viewport") and [
        attributes for tag, attributes in page.elements if tag == "meta"
    ][0] == {"charset": "utf-8"}
    assert {
        attributes.get("scope") for tag, attributes in page.elements if tag == "th"
    } == {
        "row",
        "col",
    }


@pytest.mark.parametrize("status", ["pass", "warn", "fail"])
def test_status_and_banner(status):
    page = Page(
        render(
            replace(
                contents(),
                status=status,
                banner=() if status == "pass" else ("The chains disagree.",),
            )
        )
    )
    assert page.meta("name", "causalstats:status") == status
    assert ("alert" in page.attributes("role")) == (status != "pass")
    assert any("The chains disagree." in text for text in page.text) == (
        status != "pass"
    )


def test_failing_checks_come_first():
    checks = (
        check("first", True),
        check("second", None),
        check("third", False),
        check("fourth", True),
        check("fifth", False),
    )
    html = render(replace(contents(), checks=checks))
    assert re.findall(r'<span class="chip \w+">(\w+)</span> (\w+)</h3>', html) == [
        ("failed", "third"),
        ("failed", "fifth"),
        ("undecided", "second"),
        ("passed", "first"),
        ("passed", "fourth"),
    ]
    assert "2 failed, 1 undecided, 2 passed" in html


def test_empty_parts_are_left_out():
    nothing = dict.fromkeys(
        (
            "adjustments",
            "derivation",
            "data_facts",
            "effects",
            "figures",
            "checks",
            "sensitivity",
            "reproduce",
            "fields",
        ),
        (),
    )
    bare = replace(
        contents(), diagram=None, comparison=None, withheld=None, call="", **nothing
    )
    page = Page(render(bare))
    assert [name for name in page.attributes("id")] == ["answer", "assumptions"]
    assert page.attributes("href") == ["#assumptions"] and page.attributes("src") == []


def test_the_same_contents_give_the_same_page():
    assert render(contents()) == render(contents())


def test_long_tables_say_how_much_they_leave_out():
    long = pd.DataFrame({"mean": np.zeros(1234)})
    assert len(table(long).rows) == MOST_ROWS
    assert f"The first {MOST_ROWS} of 1,234 rows" in render(
        replace(contents(), comparison=long)
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0123456, "0.01235"),
        (1.00123, "1.001"),
        (1234.56, "1,235"),
        (0.000012345, "1.234e-05"),
        (-2.5, "-2.5"),
        (0.0, "0"),
        (3e12, "3.000e+12"),
        (7, "7"),
        (np.int64(12345), "12,345"),
        (float("nan"), "–"),
        (None, "–"),
        (pd.NA, "–"),
        (float("inf"), "∞"),
        (np.True_, "yes"),
        (False, "no"),
        ("a", "a"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def test_tables_pad_numbers_and_count_draws_whole():
    shown = table(estimates())
    assert shown.corner == "age" and shown.total == 1
    assert [heading for heading, _ in shown.columns] == [
        "mean",
        "lower",
        "upper",
        "ESS bulk",
        "ESS tail",
        "R-hat",
    ]
    assert [text for text, _ in shown.rows[0][1]] == [
        "0.01235",
        "0.01000",
        "0.02000",
        "1,234",
        "–",
        "1.001",
    ]


def test_tables_take_any_frame():
    twice = pd.DataFrame(
        [[1, 2.5], [3, None]],
        columns=["a", "a"],
        index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["unit", "time"]),
    )
    shown = table(twice)
    assert shown.corner == "unit, time" and [label for label, _ in shown.rows] == [
        "x, 1",
        "y, 2",
    ]
    assert [[text for text, _ in cells] for _, cells in shown.rows] == [
        ["1", "2.500"],
        ["3", "–"],
    ]


def test_names_break_after_underscores_and_are_read_whole():
    html = render(replace(contents(), fields=(("unobserved_scale", "known"),)))
    assert "unobserved_<wbr>scale</th>" in html


def test_write_makes_folders_and_one_file(tmp_path: Path):
    path = write(contents(), tmp_path / "new" / "folder" / "report.html")
    assert path.read_text(encoding="utf-8") == render(contents())
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_a_failing_render_leaves_the_old_report(tmp_path: Path):
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(AttributeError):
        write(replace(contents(), diagram="no figure"), path)
    assert path.read_text() == "old" and [file.name for file in tmp_path.iterdir()] == [
        "report.html"
    ]


def test_a_failing_write_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("causalstats.runs.files.os.replace", full)
    with pytest.raises(StoreError, match="No space left"):
        write(contents(), path)
    assert path.read_text() == "old" and [file.name for file in tmp_path.iterdir()] == [
        "report.html"
    ]


def test_the_name_of_the_file_decides_for_a_table_of_answers(tmp_path):
    base = contents('a, "b"')
    numbers = dict.fromkeys(["mean", "sd", "lower", "upper"], [0.5])
    report = replace(
        base, effects=((base.effects[0][0], pd.DataFrame(numbers, ["x ~ y"])),)
    )
    table = pd.read_csv(write(report, tmp_path / "answers.csv"))
    assert table[["answer", "entry", "mean", "unit", "kind"]].to_numpy().tolist() == [
        ['a, "b"', "x ~ y", 0.5, 'a, "b"', "associational"]
    ]
