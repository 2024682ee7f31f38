"""Arrays in, arrays out: the formulas, without labels. `selection_ops` wraps them as nodes of a PyTensor graph."""
