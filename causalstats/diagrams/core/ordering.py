"""The order in which the boxes of a diagram can be run."""

from __future__ import annotations

import heapq

from causalstats.diagrams.diagram import Box, Diagram


def in_order(diagram: Diagram) -> tuple[Box, ...]:
    """The boxes, each after those that make what it takes, and otherwise as they are listed."""
    makers = {wire: place for place, box in enumerate(diagram.boxes) for wire in box.outputs}
    needs = [{makers[wire] for wire in box.inputs if wire in makers} for box in diagram.boxes]
    readers: list[list[int]] = [[] for _ in needs]
    for place, need in enumerate(needs):
        for maker in need:
            readers[maker].append(place)
    missing = [len(need) for need in needs]
    ready = [place for place, count in enumerate(missing) if count == 0]
    order = []
    while ready:
        place = heapq.heappop(ready)
        order.append(diagram.boxes[place])
        for reader in readers[place]:
            missing[reader] -= 1
            if missing[reader] == 0:
                heapq.heappush(ready, reader)
    return tuple(order)
