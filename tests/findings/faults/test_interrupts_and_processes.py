"""Signals, forks, kept results of two processes, folders that cannot be written, and memory."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import causalstats as cs
from causalstats.errors import StoreError
from causalstats.numerics import memory
from causalstats.runs.interrupts import orderly_interrupts, termination_as_interrupt
from causalstats.runs.resumable import resume
from causalstats.samplers.backends import jax_process
from causalstats.samplers.program_cache import program_for

TERMINATED = """
import os, signal, sys, threading, time
import causalstats as cs
from causalstats.samplers.base import sample
model = cs.CausalDiagram("x -> y", route="reduced")
problem = cs.Problem(model, model.simulate(1, people=60).data)
class Slow:
    def run(self, problem, seed, advance):
        try:
            print("sampling", flush=True)
            time.sleep(30)
        except KeyboardInterrupt:
            draws = cs.Exact(chains=2, draws=60)(problem, seed)
            draws.attrs["interrupted"] = 1
            return draws
print(sample(Slow(), problem, 1).attrs["interrupted"], flush=True)
time.sleep(30)
"""

SAVING_A_REPORT = """
import os, signal, sys
import causalstats as cs
model = cs.CausalDiagram("x -> y", route="reduced")
fit = cs.fit(model, model.simulate(2, people=60).data, seed=2, progress=False)
kill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
setattr(os, sys.argv[2], kill)
fit.report(sys.argv[1])
"""

NUTS = """
import os, signal, sys, threading, time
import causalstats as cs
model = cs.SelectiveLabels(prevalence=0.3)
data = model.simulate(1, people=200, features=2).data
sampler = {sampler}
cs.fit(model, data, seed=1, sampler=sampler, progress=False)  # compiled
sampler = {longer}
def stop():
    time.sleep(6)
    os.kill(os.getpid(), signal.{name})
threading.Thread(target=stop, daemon=True).start()
try:
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    print("kept", fit.draws.attrs["interrupted"], fit.draws["posterior"].sizes["draw"])
except KeyboardInterrupt as interrupt:
    print("none", interrupt)
"""


def test_sigterm_interrupts_sampling_once_and_then_ends_the_process():
    run = subprocess.Popen(
        [sys.executable, "-c", TERMINATED], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "sampling\n"
    run.send_signal(signal.SIGTERM)
    assert run.stdout.readline() == "1\n"
    run.send_signal(signal.SIGTERM)
    assert run.wait(20) == -signal.SIGTERM


def test_a_handler_of_the_user_is_left_alone():
    seen = []
    before = signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
    try:
        with termination_as_interrupt():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [1]


def test_signals_are_left_alone_in_other_threads():
    entered = []

    def work():
        with termination_as_interrupt():
            entered.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [signal.SIG_DFL]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    ("sampler", "options"),
    [
        ("cs.Nuts", "chains=2, tune=200, backend='numba', "),
        ("cs.Nuts", "chains=2, tune=200, backend='jax', "),
        ("cs.Nuts", "chains=2, tune=200, backend='numpyro', "),
        ("cs.Laplace", "chains=2, "),
        ("cs.Chees", "chains=8, tune=200, "),
    ],
)
def test_an_interrupt_keeps_and_marks_complete_draws(sampler, options, name):
    short = f"{sampler}({options}draws=200)"
    longer = f"{sampler}({options}draws=2_000_000)"
    code = NUTS.format(sampler=short, longer=longer, name=name)
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=400
    )
    words = run.stdout.split()
    assert words[:2] == ["kept", "1"] or words[:1] == ["none"], run.stderr[-400:]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.slow
def test_a_kill_during_report_leaves_the_old_one(tmp_path, step):
    path = tmp_path / "report.html"
    path.write_text("old")
    run = subprocess.run(
        [sys.executable, "-c", SAVING_A_REPORT, path, step], check=False
    )
    assert run.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_a_fork_after_jax_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(jax_process, "_process_of_jax", lambda: os.getpid() + 1)
    model = cs.SelectiveLabels(prevalence=0.3)
    problem = cs.Problem(model, model.simulate(1, people=50, features=1).data)
    with pytest.raises(cs.SamplingError, match="forked after JAX"):
        program_for(cs.Nuts(backend="numpyro"), problem)


def test_a_forked_process_knows_that_it_is_one():
    jax_process.refuse_after_fork()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe()

    def child():
        try:
            jax_process.refuse_after_fork()
            sender.send("went on")
        except cs.SamplingError:
            sender.send("refused")

    process = context.Process(target=child)
    process.start()
    assert receiver.recv() == "refused"
    process.join()


def test_a_folder_of_programs_that_cannot_be_written_is_named(monkeypatch):
    model = cs.SelectiveLabels(prevalence=0.3)
    problem = cs.Problem(model, model.simulate(1, people=50, features=1).data)

    class Unwritable:
        def compile(self, problem):
            raise PermissionError(13, "Permission denied", "/home/me/.pytensor/numba")

    with pytest.raises(cs.SamplingError, match="PYTENSOR_FLAGS=base_compiledir"):
        program_for(Unwritable(), problem)


@pytest.mark.slow
def test_a_fit_without_a_home_is_made_or_refused_in_words(tmp_path):
    home = tmp_path / "home"
    home.write_text("")
    code = """
import causalstats as cs
model = cs.SelectiveLabels(prevalence=0.3)
data = model.simulate(1, people=80, features=1).data
try:
    cs.fit(model, data, seed=1, sampler=cs.Laplace(chains=2, draws=200), progress=False)
except cs.CausalStatsError as error:
    print(error)
"""
    environment = {**os.environ, "HOME": str(home)}
    environment.pop("PYTENSOR_FLAGS", None)
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-300:]


def squares(path, seeds=(1, 2), before=lambda: None):
    def work(seed):
        before()
        return {"square": seed**2}

    return resume(
        work, seeds, title="Squares", path=path, description="squares", progress=False
    )


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b'"squares"\n\xff\xfe\x00',
        b'"squares"\n[1]\n',
        b'"squares"\n{"seed": "1", "square": 7}\n',
        b'"squares"\n' + b"[" * 100_000,
    ],
    ids=["empty", "no text", "no record", "no seed", "deep"],
)
def test_kept_results_that_a_kill_spoilt_are_made_again(tmp_path, left):
    path = tmp_path / "squares.jsonl"
    path.write_bytes(left)
    assert squares(path) == [{"square": 1}, {"square": 4}]
    assert [json.loads(line) for line in path.read_text().splitlines()][1:] == [
        {"seed": 1, "square": 1},
        {"seed": 2, "square": 4},
    ]


def test_two_runs_of_one_file_are_refused_and_nothing_is_counted_twice(tmp_path):
    path, begun, go = tmp_path / "squares.jsonl", threading.Event(), threading.Event()

    def wait_in_work():
        begun.set()
        go.wait(20)

    first = threading.Thread(target=squares, args=(path, (1, 2), wait_in_work))
    first.start()
    # The file of the lock exists before the lock is held, so only the work says that it is.
    assert begun.wait(20)
    with pytest.raises(StoreError, match="Another run writes"):
        squares(path)
    go.set()
    first.join()
    assert squares(path) == [{"square": 1}, {"square": 4}]
    assert len(path.read_text().splitlines()) == 3


def test_kept_results_in_a_folder_that_is_none_are_refused(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(StoreError, match="cannot be"):
        squares(tmp_path / "taken" / "squares.jsonl")


def test_many_threads_that_save_to_one_path_leave_one_whole_file(tmp_path):
    model = cs.CausalDiagram("x -> y", route="reduced")
    data = model.simulate(1, people=60).data
    sampler = cs.Exact(chains=2, draws=50)
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    path, errors = tmp_path / "fit.nc", []

    def save():
        try:
            fit.save(path)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and [each.name for each in tmp_path.iterdir()] == ["fit.nc"]
    assert cs.load(path).model == model


def test_more_parts_than_memory_holds_are_refused_before_the_run(monkeypatch):
    model = cs.PartialCorrelation(prior="matching")
    data = model.simulate(1, rows=30, parts=20).data
    monkeypatch.setattr(
        "causalstats.models.partial_correlation.model.memory_of_machine", lambda: 1e4
    )
    with pytest.raises(cs.ModelError, match="Leave out rare parts"):
        cs.fit(model, data, seed=1, progress=False)


def test_the_memory_of_a_container_is_its_limit(monkeypatch, tmp_path):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "_LIMIT_OF_CONTAINER", limit)
    limit.write_text("1000000\n")
    assert memory.memory_of_machine() == 1e6
    limit.write_text("max\n")
    assert memory.memory_of_machine() > 1e8


def test_a_clock_that_is_set_back_changes_nothing(monkeypatch):
    model = cs.CausalDiagram("x -> y", route="reduced")
    data = model.simulate(1, people=60).data
    one = cs.fit(model, data, seed=1, progress=False)
    clock = iter(range(10**9, 0, -3600))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    other = cs.fit(model, data, seed=1, progress=False)
    assert (
        one.draws["posterior"]
        .to_dataset()
        .equals(other.draws["posterior"].to_dataset())
    )
    assert other.draws.attrs["seconds"] >= 0


@pytest.mark.parametrize("words", [["study"], ["--help"], ["study", "σ"]])
def test_an_ascii_terminal_ends_in_no_traceback(words):
    environment = {
        **os.environ,
        "PYTHONIOENCODING": "ascii",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
    }
    run = subprocess.run(
        [sys.executable, "-m", "causalstats", *words],
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
    )
    assert "Traceback" not in run.stderr
    assert run.returncode in (0, 2)


def test_an_interrupt_comes_when_an_import_has_ended(tmp_path, monkeypatch):
    (tmp_path / "interrupted_module.py").write_text(
        "import os, signal, time\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "time.sleep(0.1)\n"
        "imported = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt), orderly_interrupts():
        import interrupted_module

        assert interrupted_module.imported
        time.sleep(5)
    assert sys.modules.pop("interrupted_module").imported
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
