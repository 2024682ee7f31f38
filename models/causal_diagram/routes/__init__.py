"""Routes from data to an effect: one file each, under the name that users write as `route`.

A new route is a file beside these with a class that has the methods of `Route`, and a line in
`ROUTES`.
"""

from collections.abc import Mapping
from typing import Literal

from causalstats.data import Observations
from causalstats.models.causal_diagram.routes.automatic import Automatic
from causalstats.models.causal_diagram.routes.base import Route
from causalstats.models.causal_diagram.routes.hierarchical import Hierarchical
from causalstats.models.causal_diagram.routes.instrument import ByInstrument
from causalstats.models.causal_diagram.routes.reduced import ReducedForm
from causalstats.models.causal_diagram.routes.regression import Regression
from causalstats.models.causal_diagram.routes.structural import Structural
from causalstats.models.causal_diagram.routes.tables import TableRoute

RouteName = Literal[
    "auto", "reduced", "hierarchical", "structural", "regression", "instrument"
]
ROUTES: Mapping[RouteName, type[Route]] = {
    "auto": Automatic,
    "reduced": ReducedForm,
    "hierarchical": Hierarchical,
    "structural": Structural,
    "regression": Regression,
    "instrument": ByInstrument,
}
ROUTES_OF_PRIORS: Mapping[RouteName, RouteName] = {"auto": "reduced"}
"""The route whose prior data are drawn from, of a route that the data choose."""


def route_on(route: Route, data: Observations) -> Route:
    """Return the route that is taken on these data."""
    return route.chosen(data) if isinstance(route, Automatic) else route


__all__ = ["ROUTES", "ROUTES_OF_PRIORS", "Route", "RouteName", "TableRoute", "route_on"]
