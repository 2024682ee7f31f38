"""Topological order of the boxes of a diagram."""

from __future__ import annotations

import heapq

from causalstats.diagrams.core.hypergraph import Box, Hypergraph


def in_order(diagram: Hypergraph) -> tuple[Box, ...]:
    """Return the boxes in topological order, ties as they are listed."""
    makers = {
        wire: number for number, box in enumerate(diagram.boxes) for wire in box.outputs
    }
    needs = [
        {makers[wire] for wire in box.inputs if wire in makers} for box in diagram.boxes
    ]
    readers: list[list[int]] = [[] for _ in needs]
    for number, needed in enumerate(needs):
        for maker in needed:
            readers[maker].append(number)
    missing = [len(needed) for needed in needs]
    ready = [number for number, count in enumerate(missing) if count == 0]
    order = []
    while ready:
        number = heapq.heappop(ready)
        order.append(diagram.boxes[number])
        for reader in readers[number]:
            missing[reader] -= 1
            if missing[reader] == 0:
                heapq.heappush(ready, reader)
    return tuple(order)
