"""From a model and data to answers: `fit`, `Fit`, refits and files."""
