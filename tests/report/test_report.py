"""The report.

Nothing in it runs or is fetched, nothing of the contents is taken for HTML, the worst comes first,
and it is written whole.
"""

from __future__ import annotations

import base64
import re
import sys
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

import causalstats as cs
from causalstats.core.assumption import Adjustment, Assumption
from causalstats.core.check import Check
from causalstats.core.effect import Effect
from causalstats.errors import StoreError
from causalstats.report import (
    FORMATS,
    Authorship,
    ReportContents,
    documents,
    render,
    write,
)
from causalstats.report.answers_latex import answers_latex
from causalstats.report.contents import Answer, Evidence
from causalstats.report.evidence import evidence, status
from causalstats.report.html_page import with_code
from causalstats.report.markdown_page import markdown
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
    answer = Answer(
        effect=effect,
        sentence=text,
        table=estimates(text, text),
        diagnostics=estimates(text, text),
        unit=text,
        doubts=(text, text),
    )
    return ReportContents(
        authorship=Authorship(
            title=text,
            question=text,
            author=text,
            date=text,
            source=text,
            references=(text,),
            sections=((text, f"{text}\n\n{text}"),),
        ),
        status="fail",
        banner=(text, text),
        answer=text,
        figure=figure(text),
        figure_caption=text,
        evidence=Evidence(
            supports=(text,), opposes=(text,), untestable=((text, text),)
        ),
        model_name=text,
        data_facts=((text, text),),
        answers=(answer,),
        comparison=pd.DataFrame({text: [text], "mean": [0.5]}, index=[text]),
        comparison_note=text,
        withheld=text,
        sensitivity=((text, estimates(text), figure(text)),),
        assumptions=(
            Assumption(name=text, statement=text, if_wrong=text, formula=text),
        ),
        diagram=figure(text),
        diagram_caption=text,
        adjustments=(Adjustment(needed=text, here=text),),
        derivation=(text, text),
        checks=(
            check(text, True, text),
            check(text, False, text),
            check(text, None, text),
        ),
        figures=((text, text, figure(text)),),
        diagnostics=((text, text, figure(text)),),
        fields=((text, text),),
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
    assert len(pictures) == 5 and all(picture["alt"] for picture in pictures)
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
    assert ("alert" in page.attributes("role")) == (status == "fail")
    assert any("The chains disagree." in text for text in page.text) == (
        status == "fail"
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
        ("failed", "Third"),
        ("failed", "Fifth"),
        ("undecided", "Second"),
    ]
    passed = html.split('<table class="passed">')[1]
    assert re.findall(r'<th scope="row">(\w+)</th>', passed)[:2] == ["first", "fourth"]
    assert "2 failed, 1 undecided, 2 passed" in html


def test_empty_parts_are_left_out():
    empty = (
        "adjustments",
        "derivation",
        "data_facts",
        "answers",
        "figures",
        "diagnostics",
        "checks",
        "sensitivity",
        "reproduce",
        "fields",
    )
    bare = replace(
        contents(),
        authorship=Authorship(title="title", question="question"),
        evidence=Evidence(supports=(), opposes=(), untestable=()),
        figure=None,
        diagram=None,
        comparison=None,
        withheld=None,
        call="",
        **dict.fromkeys(empty, ()),
    )
    page = Page(render(bare))
    assert [name for name in page.attributes("id")] == ["answer", "assumptions"]
    assert page.attributes("href") == ["#assumptions"] and page.attributes("src") == []
    assert "What speaks" not in "".join(page.text)


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


def test_intervals_of_very_different_widths_keep_aligned_decimals():
    frame = pd.DataFrame({"lower": [0.76, 0.9017], "upper": [1.657, 0.9053]})
    rows = table(frame).rows
    assert [text for text, _ in rows[0][1]] == ["0.7600", "1.6570"]
    assert [text for text, _ in rows[1][1]] == ["0.9017", "0.9053"]


def test_bounds_beside_estimates_leave_the_decimals_aligned():
    frame = pd.DataFrame(
        {
            "mean": [6.484, np.nan, -0.0004],
            "lower": [3.001, 0.0, -0.21],
            "upper": [10.24, 900.0, 0.2],
        },
        index=["ours", "bounds", "other"],
    )
    texts = [[text for text, _ in cells] for _, cells in table(frame).rows]
    assert texts == [
        ["6.48", "3.00", "10.24"],
        ["–", "0.00", "900.00"],
        ["0.00", "-0.21", "0.20"],
    ]


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
        "0.0123",
        "0.0100",
        "0.0200",
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

    monkeypatch.setattr("causalstats.core.files.os.replace", full)
    with pytest.raises(StoreError, match="No space left"):
        write(contents(), path)
    assert path.read_text() == "old" and [file.name for file in tmp_path.iterdir()] == [
        "report.html"
    ]


def with_answer(text: str) -> ReportContents:
    """The contents with an answer of one entry of that name."""
    base = contents(text)
    numbers = dict.fromkeys(["mean", "sd", "lower", "upper"], [-0.5])
    frame = pd.DataFrame(numbers, [text])
    answer = replace(
        base.answers[0], diagnostics=frame, table=frame[["mean", "lower", "upper"]]
    )
    return replace(base, answers=(answer,))


def test_the_name_of_the_file_decides_for_a_table_of_answers(tmp_path):
    table = pd.read_csv(write(with_answer('a, "b"'), tmp_path / "answers.csv"))
    assert table[["answer", "entry", "mean", "unit", "kind"]].to_numpy().tolist() == [
        ['a, "b"', 'a, "b"', -0.5, 'a, "b"', "associational"]
    ]


@pytest.mark.parametrize("mark", ["=", "+", "-", "@", "\t"])
def test_no_cell_of_a_spreadsheet_is_a_formula(mark, tmp_path):
    path = write(with_answer(f"{mark}1+1"), tmp_path / "answers.csv")
    table = pd.read_csv(path)
    assert table["entry"].item() == f"'{mark}1+1" and table["mean"].item() == -0.5
    texts = table.select_dtypes(exclude="number")
    assert not texts.map(lambda cell: str(cell).startswith(mark)).any(axis=None)


def test_no_text_is_a_command_of_latex():
    commands = r"\input{x} 50% $a_1^2$ #1 {b} ~ & <"
    text = answers_latex(with_answer(commands))
    row = next(line for line in text.splitlines() if "-0.5000" in line)
    assert row == (
        r"\textbackslash{}input\{x\} 50\% \$a\_1\textasciicircum{}2\$ \#1 \{b\} "
        r"\textasciitilde{} \& \textless{} & -0.5000 & -0.5000 & -0.5000 \\"
    )
    assert text.count(r"\toprule") == 1 and r"\input" not in text


@pytest.mark.parametrize("attack", [*ATTACKS, "a | b", "- list", "1. list", "# title"])
def test_no_text_is_markup_in_markdown(attack):
    def marks(text: str) -> list[int]:
        report = replace(contents(text), call="")  # code is as it is
        page = re.sub(r"\(data:[^)]*\)", "", markdown(report))
        return [len(re.findall(rf"(?<!\\){re.escape(mark)}", page)) for mark in "<|#_*"]

    assert marks(attack) == marks("text")
    assert not re.search(
        r"^(- list|1\. list)", markdown(contents(attack)), flags=re.MULTILINE
    )


def test_other_ends_of_names_are_refused(tmp_path):
    for name in ("report.txt", "report", "report.pdf.zip", "report.htm"):
        with pytest.raises(
            StoreError, match=r"end in .html, .md, .docx, .pdf, .csv or"
        ):
            write(contents(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["report.pdf", "report.docx"])
def test_a_missing_program_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setattr(documents.shutil, "which", lambda program: None)
    monkeypatch.setitem(sys.modules, "pypandoc", None)
    with pytest.raises(
        StoreError, match=r"installed here.*\. Write the report as .html"
    ):
        write(contents(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def program(folder: Path, name: str, script: str) -> None:
    """Put a program on the path that makes a file in place of pandoc or a browser.

    Parameters
    ----------
    folder : Path
        A folder of the path.
    name : str
        Name of the program.
    script : str
        Lines for the shell.
    """
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


PANDOC_THAT_COPIES = 'for last; do :; done; cat "$3" > "$last"'
QUARTO_THAT_COPIES = 'for last; do :; done; test "$1" = pandoc && cat "$4" > "$last"'


@pytest.mark.parametrize(
    ("name", "script"), [("pandoc", PANDOC_THAT_COPIES), ("quarto", QUARTO_THAT_COPIES)]
)
def test_a_word_document_is_what_pandoc_makes_of_the_markdown(
    name, script, tmp_path, monkeypatch
):
    program(tmp_path, name, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    path = write(contents(), tmp_path / "made" / "report.docx")
    assert path.read_text(encoding="utf-8") == markdown(contents())


@pytest.fixture(scope="module")
def word(tmp_path_factory) -> zipfile.ZipFile:
    """A Word document by the pandoc of `causalstats[docx]`."""
    pytest.importorskip("pypandoc")
    path = tmp_path_factory.mktemp("word") / "report.docx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents.shutil, "which", lambda program: None)
        write(contents("A & B < C"), path)
    return zipfile.ZipFile(path)


def test_a_word_document_has_the_title_headings_tables_and_figures(word):
    page = word.read("word/document.xml").decode()
    assert page.count('w:val="Title"') == 1
    lines = markdown(contents("A & B < C")).splitlines()
    for level, mark in enumerate(["## ", "### "], start=1):
        headings = [line for line in lines if line.startswith(mark)]
        assert page.count(f'<w:pStyle w:val="Heading{level}"') == len(headings) > 5
    tables = [line for line in lines if re.fullmatch(r"\|( -+:? \|)+", line)]
    assert page.count("<w:tbl>") == len(tables) > 5
    pictures = [line for line in lines if line.startswith("![")]
    assert page.count("<pic:pic>") == len(pictures) > 2
    assert [name for name in word.namelist() if name.endswith(".png")]


def test_a_word_document_shows_texts_as_they_are(word):
    page = word.read("word/document.xml").decode()
    text = re.sub("<[^>]*>", "", page.replace("</w:p>", "\n"))
    assert "A &amp; B &lt; C" in text.splitlines()
    assert "\\" not in text and "**" not in text
    assert "A &amp; B &lt; C" in word.read("docProps/core.xml").decode()


def test_a_program_that_fails_leaves_the_old_report(tmp_path, monkeypatch):
    program(tmp_path, "chromium", "echo no display >&2; exit 3")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    path = tmp_path / "report.pdf"
    path.write_text("old")
    with pytest.raises(
        StoreError, match="chromium did not make the report .no display"
    ):
        write(contents(), path)
    assert path.read_text() == "old"


@pytest.mark.skipif(bool(documents.missing_for_pdf()), reason="nothing here prints PDF")
def test_a_pdf_is_a_pdf(tmp_path):
    path = write(contents(), tmp_path / "report.pdf")
    assert path.read_bytes().startswith(b"%PDF-")


def test_every_format_has_a_suffix():
    assert list(FORMATS) == [".html", ".md", ".docx", ".pdf", ".csv", ".tex"]


def test_few_draws_of_a_parameter_are_no_reason_to_distrust_the_answer():
    few = replace(check("bulk ESS", False), value=100.0)
    apart = replace(check("R-hat", False), value=1.02)
    assert status([few, apart]) == "warn"
    assert status([replace(apart, value=1.2)]) == "fail"
    answer = replace(check("R-hat of this answer", False), value=1.03)
    assert status([answer]) == "warn"  # the largest of many pairs, say
    assert status([replace(answer, value=1.06)]) == "fail"
    assert status([check("divergences", False)]) == "fail"
    assert status([check("positivity", True)]) == "pass"


def assumption(name: str, *checks: str) -> Assumption:
    return Assumption(
        name=name, statement=f"{name} holds.", if_wrong=f"No {name}.", checks=checks
    )


def test_a_failed_assumption_is_told_in_words_and_an_untested_one_as_such():
    assumptions = [
        assumption("overlap", "positivity"),
        assumption("randomisation"),
        assumption("linearity", "curvature"),
    ]
    checks = [
        check("positivity of rows", False, "0.01234"),
        check("curvature", True),
        check("other", True),
    ]
    result = evidence(assumptions, checks, None, [], None)
    assert result.opposes == (
        "Under the other assumptions, these data contradict “overlap” (the check “positivity of "
        "rows” failed). No overlap.",
    )
    assert result.untestable == (("randomisation", "randomisation holds."),)
    assert result.supports == (
        "2 of 3 checks that these data can decide passed.",
        "The data could contradict, and do not: “linearity”.",
    )


def test_checks_of_the_draws_alone_are_no_evidence_for_the_model():
    checks = [check("R-hat", True), check("power-scaling of the prior", True)]
    result = evidence([assumption("linearity")], checks, None, [], None)
    assert result.supports == ("2 of 2 checks of the draws and the prior passed.",)
    assert result.untestable[0] == (
        "model and data",
        "No check here compares the model with the data.",
    )


def test_checks_that_contradict_one_assumption_are_told_together():
    named = ("one group", "no outlying row", "no batches")
    failed = [check(name, False) for name in (*named, "other")]
    normal = assumption("normal errors", *named)
    assert evidence([normal], failed, None, [], None).opposes == (
        "Under the other assumptions, these data contradict “normal errors” (the checks “one "
        "group”, “no outlying row” and “no batches” failed). No normal errors.",
        f"other: {failed[-1].finding}. {failed[-1].remedy}",
    )


def test_other_methods_and_other_assumptions_are_for_or_against():
    comparison = pd.DataFrame({"mean": [1.0, 1.1, 5.0]}, ["ours", "near", "far"])
    tables = [
        ("prior_sd", pd.DataFrame({"mean": [0.9, 1.1]})),
        ("time_effects", pd.DataFrame({"mean": [1.0, 3.0]})),
    ]
    result = evidence([], [], comparison, tables, (0.5, 1.5))
    assert result.supports == (
        "Other methods give a number within this interval: near. Outside it: far.",
        "The answer stays within its interval at other values of prior sd.",
    )
    assert result.opposes == (
        "The answer depends on time effects: other values give 1.0 to 3.0.",
    )


def test_another_value_of_a_field_is_told_by_its_assumption_and_unit():
    states = replace(assumption("parallel trends"), fields=("trend_violation",))
    tables = [("trend_violation", pd.DataFrame({"mean": [3.0]}))]
    against = evidence([states], [], None, tables, (0.5, 1.5), unit="points").opposes
    assert against == (
        "The answer depends on trend violation (the assumption “parallel trends”): another value "
        "gives 3 (points).",
    )


def test_a_sensitivity_at_the_value_used_alone_says_nothing():
    table = pd.DataFrame({"mean": [1.0], "used": [True]})
    result = evidence([], [], None, [("direct", table)], (0.5, 1.5))
    assert result.supports == () and result.opposes == ()


def test_an_interval_that_reaches_zero_under_another_assumption_speaks_against():
    values = {"mean": [0.9, 1.1], "lower": [0.4, -0.1], "upper": [1.4, 2.3]}
    tables = [("direct", pd.DataFrame(values))]
    against = evidence([], [], None, tables, (0.5, 1.5)).opposes
    stays = "The answer stays within its interval at other values of direct"
    assert against == (f"{stays}, but then intervals take in 0.",)
    ratio = {"mean": [1.6, 1.7], "lower": [1.2, 0.9], "upper": [2.1, 2.3]}
    tables_of_ratios = [("direct", pd.DataFrame(ratio))]
    against = evidence([], [], None, tables_of_ratios, (1.1, 2.2), null=1.0).opposes
    assert against == (f"{stays}, but then intervals take in 1.",)
    undecided = evidence([], [], None, tables, (-0.5, 1.5))
    assert undecided.supports == (f"{stays}.",) and not undecided.opposes


def test_an_assumption_that_only_one_of_its_checks_could_test_keeps_its_caution():
    both = assumption("parallel trends", "trends", "presence")
    weak = check("trends", None, "the test has little power")
    checks = [replace(weak, caution=True, remedy=""), check("presence", True)]
    result = evidence([both], checks, None, [], None)
    assert result.untestable == (("trends", "The test has little power."),)
    alone = evidence([both], checks[:1], None, [], None)
    assert alone.untestable == (("parallel trends", "parallel trends holds."),)


def test_a_long_caution_is_cut_on_the_first_screen():
    caution = replace(
        check("rows left out", None, "word " * 90), caution=True, remedy=""
    )
    ((name, text),) = evidence([], [caution], None, [], None).untestable
    assert name == "rows left out"
    assert text.endswith("word ... (see Checks).") and len(text) < 180


def test_answers_with_arguments_stand_beside_those_named_with_their_checks(tmp_path):
    model = cs.Instrument()
    data = model.simulate(2, rows=300).data
    fit = cs.fit(model, data, seed=1, progress=False)
    own = check("asked of this answer alone", False, "found")
    other = replace(fit.effect("confounding"), make_doubts=lambda: (own,))
    page = fit.report(tmp_path / "report.html", answers=["effect", other]).read_text()
    answers, after = page.split("Answers in full</h2>")[1].split("</section>", 1)
    assert answers.count("<article") == 2
    assert "Confounding" in answers
    assert "asked of this answer alone" in answers
    assert "Asked of this answer alone" in after
