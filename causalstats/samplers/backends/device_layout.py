"""Chains and rows over the devices of JAX: several GPUs share the work of one fit.

Chains are spread over as many devices as divide their number; what devices are left share the rows
of the data, as do all of them where the data are too large for each device to hold. Where there are
too few rows to share, a number of chains that no devices divide is made one by repeating the last
chain, which takes no time: the others wait for it anyway. How arrays are laid out changes no result
beyond rounding: XLA inserts the sums over devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from causalstats.errors import SamplingError

_MOST_BYTES_ON_EACH_DEVICE = 2**30  # data beyond that are divided rather than copied
_FEWEST_ROWS_OF_A_DEVICE = 1_000
_LEAST_ARRAYS_OF_A_GRADIENT = 2  # the predictor of each row, and its derivative
_OUT_OF_MEMORY = "RESOURCE_EXHAUSTED"


@partial(jax.tree_util.register_dataclass, data_fields=["array"], meta_fields=["rows"])
@dataclass(frozen=True)
class PaddedRows:
    """An array that was lengthened so that devices hold equally many rows.

    Attributes
    ----------
    array : array (padded rows, ...)
    rows : int
        How many of the rows are data.
    """

    array: Any
    rows: int


def unpadded(array: Any) -> Any:
    """Return the rows of an array that are data; called where JAX traces."""
    return array.array[: array.rows] if isinstance(array, PaddedRows) else array


@dataclass(frozen=True)
class DeviceLayout:
    """How many devices share chains, and how many share rows.

    Attributes
    ----------
    chain_devices, row_devices : int
        Their product is the number of devices that work.
    """

    chain_devices: int
    row_devices: int

    @property
    def devices(self) -> int:
        return self.chain_devices * self.row_devices

    def put_chains(self, tree: Any) -> Any:
        """Return arrays (chain, ...) with their chains over the devices, the last one repeated."""
        if self.chain_devices == 1:
            return tree
        return jax.device_put(
            jax.tree.map(self._lengthened, tree), self._sharding("chain")
        )

    def _lengthened(self, array: Any) -> Any:
        chains = array.shape[0]
        padded = chains + -chains % self.chain_devices
        return array[np.minimum(np.arange(padded), chains - 1)]

    def put_data(self, arrays: list[np.ndarray]) -> tuple[Any, ...]:
        """Return data on the devices, long arrays divided by rows and the others copied."""
        if self.devices == 1:
            return tuple(jax.numpy.asarray(array) for array in arrays)
        return tuple(self._put(np.asarray(array)) for array in arrays)

    def _put(self, array: np.ndarray) -> Any:
        rows = array.shape[0] if array.ndim else 0
        if self.row_devices == 1 or rows < self.row_devices * _FEWEST_ROWS_OF_A_DEVICE:
            return jax.device_put(array, self._sharding())
        missing = -rows % self.row_devices
        widths = [(0, missing)] + [(0, 0)] * (array.ndim - 1)
        padded = np.pad(array, widths, mode="edge")
        return PaddedRows(jax.device_put(padded, self._sharding("row")), rows)

    def _sharding(self, *axes: str) -> Any:
        shape = (self.chain_devices, self.row_devices)
        devices = np.array(jax.devices()[: self.devices]).reshape(shape)
        mesh = Mesh(devices, ("chain", "row"))
        return NamedSharding(mesh, PartitionSpec(*axes))


def layout_for(
    chains: int, arrays: list[np.ndarray], *, repeatable: bool = False
) -> DeviceLayout:
    """Return how chains and rows are spread over the devices there are.

    Parameters
    ----------
    chains : int
    arrays : list of arrays
        The data.
    repeatable : bool
        Whether a chain may be run twice, so that devices hold equally many: chains that adapt
        together may not.

    Raises
    ------
    SamplingError
        If the devices say how much memory they have, and it is too little.

    Examples
    --------
    >>> layout_for(4, [np.zeros((100, 3))]).row_devices
    1
    """
    devices = jax.devices()
    count = len(devices)
    rows = max((array.shape[0] for array in arrays if array.ndim), default=0)
    copied = sum(array.nbytes for array in arrays)
    dividing = [
        number
        for number in range(1, count + 1)
        if count % number == 0 and chains % number == 0
    ]
    over_chains = 1 if copied > _MOST_BYTES_ON_EACH_DEVICE else max(dividing)
    over_rows = count // over_chains
    if rows < over_rows * _FEWEST_ROWS_OF_A_DEVICE:
        over_rows = 1
        over_chains = _devices_of_few_rows(chains, repeatable)
    layout = DeviceLayout(over_chains, over_rows)
    on_each = -(-chains // over_chains)
    numbers_of_a_gradient = _LEAST_ARRAYS_OF_A_GRADIENT * on_each * rows
    needed = (copied + 8 * numbers_of_a_gradient) / over_rows
    _refuse_too_large(needed, devices[0])
    return layout


def _devices_of_few_rows(chains: int, repeatable: bool) -> int:
    """Return the fewest devices with which none runs more chains than it has to."""
    numbers = [
        number
        for number in range(1, len(jax.devices()) + 1)
        if repeatable or chains % number == 0
    ]
    return min(numbers, key=lambda number: -(-chains // number))


def _refuse_too_large(needed: float, device: Any) -> None:
    """Raise where a device surely lacks the memory for its data and one gradient, in bytes."""
    limit = (device.memory_stats() or {}).get("bytes_limit")
    if limit is not None and needed > limit:
        raise SamplingError(
            f"Sampling needs at least {needed / 2**30:.1f} GiB on each device, and {device} has "
            f"{limit / 2**30:.1f} GiB. Use fewer chains, or sample on the CPU: "
            "`cs.Nuts(backend='jax')`."
        )


@contextmanager
def out_of_memory_in_words() -> Iterator[None]:
    """Say what to do where a device runs out of memory.

    Raises
    ------
    SamplingError
        In place of the error of JAX.
    """
    try:
        yield
    except Exception as error:
        if _OUT_OF_MEMORY not in str(error):
            raise
        raise SamplingError(
            "The device ran out of memory. Use fewer chains, or sample on the CPU: "
            "`cs.Nuts(backend='jax')`."
        ) from error


def device_in_words(precision: str, number: int = 1) -> str:
    """Return which devices are used, how many, and in which precision.

    Parameters
    ----------
    precision : str
    number : int
        Of devices that work.

    Examples
    --------
    >>> device_in_words("float64", 2).startswith("2 x ")
    True
    """
    kind = jax.devices()[0].device_kind
    count = f"{number} x " if number > 1 else ""
    return f"{count}{kind}, {precision}"
