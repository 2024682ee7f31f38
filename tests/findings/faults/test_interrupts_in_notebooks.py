"""Interrupts of a notebook's kernel: draws are kept, and the next cell works."""

import time

import pytest

IMPORTS = "import causalstats as cs"
SMALL = """
model = cs.SelectiveLabels(prevalence=0.3)
data = model.simulate(1, people=200, features=2).data
sampler = {sampler}({options}draws=100)
fit = cs.fit(model, data, seed=1, sampler=sampler)
print("drawn", fit.draws["posterior"].sizes["draw"])
"""
LONG = """
sampler = {sampler}({options}draws=2_000_000)
print("begun")
try:
    fit = cs.fit(model, data, seed=1, sampler=sampler)
    print("kept", fit.draws.attrs["interrupted"])
except KeyboardInterrupt as interrupt:
    print("none", interrupt)
"""


@pytest.fixture
def kernel():
    """Yield a function that runs a cell, interrupts it, and returns what it printed."""
    jupyter_client = pytest.importorskip("jupyter_client")
    pytest.importorskip("ipykernel")
    manager, client = jupyter_client.manager.start_new_kernel()

    def run(code, interrupt_after=None, wait_for=""):
        sent = client.execute(code)
        printed, begun = "", None
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            if begun is None and wait_for in printed:
                begun = time.monotonic()
            waited = begun is not None and interrupt_after is not None
            if waited and time.monotonic() - begun > interrupt_after:
                manager.interrupt_kernel()
                interrupt_after = None
            try:
                message = client.get_iopub_msg(timeout=0.1)
            except Exception:  # an empty queue, of a class of its own
                continue
            if message["parent_header"].get("msg_id") != sent:
                continue
            content = message["content"]
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                printed += content["text"]
            if message["msg_type"] == "error":
                printed += " ".join(
                    [content["ename"], content["evalue"], *content["traceback"]]
                )
            if content.get("execution_state") == "idle":
                return printed
        raise AssertionError(f"The cell did not end: {printed}")

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sampler", "options"),
    [
        ("cs.Nuts", "chains=2, tune=100, backend='numba', "),
        ("cs.Nuts", "chains=2, tune=100, backend='jax', "),
        ("cs.Nuts", "chains=2, tune=100, backend='numpyro', "),
        ("cs.Laplace", "chains=2, "),
        ("cs.Chees", "chains=8, tune=100, "),
    ],
)
def test_an_interrupted_cell_keeps_draws_and_the_kernel(kernel, sampler, options):
    kernel(IMPORTS)
    names = {"sampler": sampler, "options": options}
    assert kernel(SMALL.format(**names)).split() == ["drawn", "100"]
    long = kernel(LONG.format(**names), interrupt_after=6, wait_for="begun")
    assert long.split()[1:] == ["kept", "1"] or long.split()[1] == "none", long
    assert kernel(SMALL.format(**names)).split() == ["drawn", "100"]


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.4, 0.8, 1.2, 1.6, 2.0, 2.5, 3.0, 5.0])
def test_an_interrupt_while_compiling_leaves_the_kernel_whole(kernel, seconds):
    kernel(IMPORTS)
    small = SMALL.format(sampler="cs.Nuts", options="chains=2, tune=100, ")
    code = "print('begun')" + small
    first = kernel(code, interrupt_after=seconds, wait_for="begun")
    assert "KeyboardInterrupt" in first or "drawn" in first, first
    assert kernel(small).split() == ["drawn", "100"]


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.6, 1.5])
def test_an_interrupt_while_importing_leaves_the_kernel_whole(kernel, seconds):
    code = f"print('begun')\n{IMPORTS}\ncs.fit, cs.PanelDML, cs.calibrate"
    kernel(code, interrupt_after=seconds, wait_for="begun")
    kernel(IMPORTS)
    small = SMALL.format(sampler="cs.Laplace", options="chains=2, ")
    assert kernel(small).split() == ["drawn", "100"]
