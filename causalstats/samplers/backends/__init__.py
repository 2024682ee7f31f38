"""Implementations of NUTS: nutpie on a CPU, NumPyro on a GPU."""
