"""`Instrument`: the effect of a treatment by instrumental variables."""
