"""Error models and their standard errors: cluster-robust, placebo, bootstrap, AR(1), iid."""

from collections.abc import Mapping
from typing import Literal

from causalstats.models.panel_dml.error_models.ar1 import AR1
from causalstats.models.panel_dml.error_models.base import ErrorModel
from causalstats.models.panel_dml.error_models.bayesian_bootstrap import (
    ClusterBootstrap,
)
from causalstats.models.panel_dml.error_models.cluster import ClusterRobust
from causalstats.models.panel_dml.error_models.iid import IID
from causalstats.models.panel_dml.error_models.placebo import PlaceboErrors

ErrorsName = Literal["cluster", "iid", "bootstrap", "ar1", "placebo"]
ERRORS: Mapping[ErrorsName, ErrorModel] = {
    "cluster": ClusterRobust(),
    "iid": IID(),
    "bootstrap": ClusterBootstrap(),
    "ar1": AR1(),
    "placebo": PlaceboErrors(),
}

__all__ = ["ERRORS", "ErrorModel", "ErrorsName"]
