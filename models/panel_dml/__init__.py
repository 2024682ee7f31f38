"""Panel double machine learning with correlated random effects (Mundlak): `PanelDML`.

Each option of the model is a folder, and each of its values a file: `errors/`, `bases/`,
`heterogeneity/`, `shrinkage/`, `coefficients/`, `effects/`. A file owns what its variant changes:
parameters with their priors, the part of the likelihood, the assumption in words, the simulation.
To add one, copy the nearest file and list it in the table of the folder's `__init__.py`.
"""

from causalstats.models.panel_dml.model import PanelDML

__all__ = ["PanelDML"]
