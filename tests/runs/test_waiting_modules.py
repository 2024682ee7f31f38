"""Errors that a notebook shows, and SciPy, import no modules that wait to be imported."""

import inspect
import subprocess
import sys
from importlib.util import LazyLoader, find_spec, module_from_spec

from causalstats.runs.waiting_modules import name_waiting_modules


def test_the_file_of_a_waiting_module_is_told_without_loading_it(monkeypatch):
    spec = find_spec("numpyro")
    spec.loader = LazyLoader(spec.loader)
    waiting = module_from_spec(spec)
    spec.loader.exec_module(waiting)
    monkeypatch.setitem(sys.modules, "numpyro", waiting)
    name_waiting_modules()
    assert waiting.__file__ == spec.origin
    assert waiting.__name__ == "numpyro"
    assert inspect.getsourcefile(waiting) == spec.origin
    assert "distributions" not in object.__getattribute__(waiting, "__dict__")


def test_jax_is_loaded_when_it_is_used_and_not_by_looking_for_a_module():
    script = (
        "import inspect, sys\n"
        "import causalstats as cs\n"
        "cs.fit\n"
        "inspect.getmodule(compile('1', 'a cell', 'exec'), 'a cell')\n"
        "assert 'jax.numpy' not in sys.modules\n"
        "import jax\n"
        "assert 'jax.numpy' in sys.modules and jax.numpy.ones(2).sum() == 2\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_fits_and_checks_in_closed_form_do_not_load_jax():
    script = (
        "import sys\n"
        "import causalstats as cs\n"
        "model = cs.CausalDiagram('treated -> recovered')\n"
        "data = model.simulate(1, people=200).data\n"
        "fit = cs.fit(model, data, seed=1, progress=False)\n"
        "fit.check()\n"
        "fit.effect(fit.headline).text()\n"
        "assert 'jax.numpy' not in sys.modules\n"
        "from scipy.special import logsumexp\n"
        "import jax\n"
        "assert logsumexp(jax.numpy.zeros(2)) > 0 and 'jax.numpy' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
