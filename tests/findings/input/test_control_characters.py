"""Control characters in labels and names are refused; other hostile labels are written safely."""

import csv
import io
import xml.etree.ElementTree as ET

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import causalstats as cs

UNREADABLE = {
    "NUL": "a\x00b",
    "bell": "a\x07b",
    "escape": "\x1b[31mred\x1b[0m",
    "delete": "a\x7fb",
    "no character": "a\ufffeb",
    "half a character": "a\ud800b",
}
HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "]]> & </svg>",
    "=HYPERLINK(1)",
    "| a | b |\n# c",
    "\\input{x} $x$ %&#_",
    '"; } digraph {',
    "naïve café, 東京",
]


def frame(level="b", name="x"):
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 2, (2, 60))
    return pd.DataFrame(
        {name: pd.Series(np.where(x, level, "other"), dtype=object), "y": y}
    )


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=list(UNREADABLE))
def test_control_characters_are_refused(text):
    with pytest.raises(cs.DataError, match="files and figures cannot hold"):
        cs.Observations.from_frame(frame(level=text))
    if text.isascii() or "\ufffe" in text:  # pandas takes no half of a character
        with pytest.raises(cs.DataError, match="files and figures cannot hold"):
            cs.Observations.from_frame(frame(name=text))
    with pytest.raises(cs.DataError, match="files and figures cannot hold"):
        cs.Observations.from_frame(frame(), labels={"x": text})
    with pytest.raises(cs.ModelError, match="files and figures cannot hold"):
        cs.Diagram.from_networkx(nx.DiGraph([(text, "y")]))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_labels_are_text_in_every_output(text, tmp_path):
    data = cs.Observations.from_frame(frame(level=text), labels={"x": text})
    fit = cs.fit(cs.CausalDiagram("x -> y"), data, seed=1, progress=False)
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.data.levels == data.levels
    page = fit.report(tmp_path / "report.html").read_text()
    for active in ("<script>alert", "<img src=x", "onerror='alert(1)'>"):
        assert active not in page
    for row in csv.reader(io.StringIO(fit.report(tmp_path / "a.csv").read_text())):
        assert not any(cell.startswith(("=", "+", "@")) for cell in row)
    svg = cs.Diagram.from_networkx(nx.DiGraph([(text, "y")])).to_svg()
    assert "script" not in {
        part.tag.split("}")[-1] for part in ET.fromstring(svg).iter()
    }
