"""Formulas on arrays, without labels; files that end in `_ops` are nodes of PyTensor graphs."""
