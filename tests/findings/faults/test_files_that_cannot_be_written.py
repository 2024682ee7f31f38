"""Where a file cannot be written, the error is ours, the old file stays and the fit is not lost."""

import resource
import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats import report

FULL = """
import gc, resource, signal, sys
import numpy as np, pandas as pd, causalstats as cs
rng = np.random.default_rng(0)
frame = pd.DataFrame({"x": rng.integers(0, 2, 300), "y": rng.integers(0, 2, 300)})
data = cs.Observations.from_frame(frame)
fit = cs.fit(cs.CausalDiagram("x -> y"), data, seed=1, progress=False)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    fit.save(sys.argv[1])
except cs.StoreError as error:
    print("refused:", error)
gc.collect()
print("answered:", fit.effect("effect").summary().shape)
"""


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"x": rng.integers(0, 2, 80), "y": rng.integers(0, 2, 80)})
    data = cs.Observations.from_frame(frame)
    return cs.fit(cs.CausalDiagram("x -> y"), data, seed=1, progress=False)


@contextmanager
def full_disk(size=20_000):
    """No file of this process may grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_process_whose_disk_is_full_lives_on(tmp_path):
    """HDF5 cannot give up a file that it cannot write, and used to end the process."""
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "fit.nc")],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "refused:" in run.stdout and "cannot be written" in run.stdout
    assert "answered: (1, " in run.stdout
    assert not list(tmp_path.iterdir())


def test_the_old_file_stays_when_the_disk_is_full(fit, tmp_path):
    path = fit.save(tmp_path / "fit.nc")
    old = path.read_bytes()
    with full_disk(), pytest.raises(cs.StoreError, match="cannot be written"):
        fit.save(path)
    assert path.read_bytes() == old and list(tmp_path.iterdir()) == [path]
    np.testing.assert_array_equal(
        cs.load(path).effect("effect").draws, fit.effect("effect").draws
    )
    fit.save(path)


def test_a_report_is_written_whole_or_not_at_all(fit, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    with full_disk(), pytest.raises(cs.StoreError, match="cannot be written"):
        fit.report(path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def pressed(*_):
    """Ctrl-C."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("write", ["report", "save", "report of text"])
def test_an_interrupt_leaves_the_old_file(fit, tmp_path, monkeypatch, write):
    """While a file is written, or a report is composed."""
    path = tmp_path / ("fit.nc" if write == "save" else "report.html")
    path.write_text("old")
    if write == "report of text":
        monkeypatch.setitem(report.FORMATS, ".html", report.Format(pressed))
    else:
        monkeypatch.setattr("os.replace", pressed)
    with pytest.raises(KeyboardInterrupt):
        (fit.save if write == "save" else fit.report)(path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_path_may_go_up(fit, tmp_path):
    (tmp_path / "study").mkdir()
    fit.save(tmp_path / "study" / ".." / "fit.nc")
    assert {each.name for each in tmp_path.iterdir()} == {"study", "fit.nc"}


def test_networks_are_written_whole_or_not_at_all(tmp_path):
    """Those of correlations, as GraphML, and those of Bayes, as BIF."""
    model = cs.PartialCorrelation(prior="matching")
    data = model.simulate(1, rows=100, parts=4).data
    correlations = cs.fit(model, data, seed=1, progress=False).network()
    bayesian = cs.BayesianNetwork(cs.Diagram.parse("x"), {"x": [0.25, 0.75]})
    for write, name in (
        (correlations.write_graphml, "network.graphml"),
        (bayesian.to_bif, "network.bif"),
    ):
        path = tmp_path / name
        path.write_text("old")
        with full_disk(50), pytest.raises(cs.StoreError, match="cannot be written"):
            write(path)
        assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1
        write(path)
        path.unlink()


def test_a_folder_is_no_file(fit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("")
    for path in (".", tmp_path, tmp_path / "taken" / "fit.nc"):
        with pytest.raises(cs.StoreError):
            fit.save(path)
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_a_fit_with_a_sampler_of_the_user_says_what_can_be_kept(tmp_path):
    class Own:
        def compile(self, problem):
            return cs.Exact(chains=1, draws=50).compile(problem)

    frame = pd.DataFrame({"x": [0, 1, 1, 0, 1], "y": [1, 0, 1, 0, 1]})
    data = cs.Observations.from_frame(frame)
    fit = cs.fit(
        cs.CausalDiagram("x -> y"), data, seed=1, sampler=Own(), progress=False
    )
    with pytest.raises(cs.StoreError, match="samplers that JSON can describe"):
        fit.save(tmp_path / "fit.nc")
