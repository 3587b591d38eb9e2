"""A portfolio as text and as a picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._library import UsageError

Picture = npt.NDArray[np.uint8]
_COSTS = ("transaction_cost", "tax_cost", "drift_cost")
_COLOURS = {
    "background": (255, 255, 255),
    "axis": (110, 110, 110),
    "weight": (86, 132, 190),
    "target": (20, 20, 20),
    "transaction_cost": (200, 90, 60),
    "tax_cost": (150, 110, 170),
    "drift_cost": (225, 180, 80),
}


class History:
    """The last steps of an episode."""

    def __init__(self, length: int = 120) -> None:
        self.steps: deque[dict[str, float]] = deque(maxlen=length)

    def add(self, info: dict[str, Any]) -> None:
        """Keeps the costs of a step."""
        self.steps.append({name: info[name] for name in _COSTS})

    def clear(self) -> None:
        """Forgets the episode."""
        self.steps.clear()


def check_mode(mode: str | None, valid: Sequence[str]) -> None:
    """Refuses a mode that is not there."""
    if mode is not None and mode not in valid:
        raise UsageError(f"render_mode is {mode!r}, valid are None, {', '.join(map(repr, valid))}")


def text(description: dict[str, Any], portfolio: dict[str, Any], history: History) -> str:
    """Weights beside their targets, and what the last step cost, at most 80 columns wide."""
    step, horizon = portfolio["step"], description["horizon_steps"]
    lines = [f"{description['id']}  step {step} of {horizon}  value {portfolio['value']:,.6g}"]
    width = min(24, max(len(name) for name in description["assets"]))
    for name, weight, target in zip(
        description["assets"], portfolio["weights"], description["targets"]
    ):
        line = f"{name[:width]:<{width}} {weight:7.2%} of {target:7.2%} {weight - target:+8.2%} "
        lines.append(line + "#" * round(min(30, 80 - len(line)) * min(max(weight, 0), 1)))
    if history.steps:
        last = history.steps[-1]
        lines.append(
            "last step, bp: "
            + ", ".join(f"{name.split('_')[0]} {last[name] * 1e4:.3f}" for name in _COSTS)
        )
    return "\n".join(lines) + "\n"


def frame(description: dict[str, Any], portfolio: dict[str, Any], history: History) -> Picture:
    """Bars of weights with ticks at their targets; below, the costs of the last steps, stacked."""
    height, width = 300, 400
    picture = np.empty((height, width, 3), np.uint8)
    picture[...] = _COLOURS["background"]
    _draw_weights(picture[10:190, 10 : width - 10], description["targets"], portfolio["weights"])
    _draw_costs(picture[200 : height - 10, 10 : width - 10], history)
    return picture


def _draw_weights(
    area: Picture, targets: Sequence[float], weights: Sequence[float]
) -> None:
    height, width, _ = area.shape
    largest = max(0.05, *targets, *weights) * 1.1
    slot = width / len(weights)
    for place, (weight, target) in enumerate(zip(weights, targets)):
        left, right = round(place * slot + 0.2 * slot), round(place * slot + 0.8 * slot)
        top = height - 1 - round((height - 2) * max(weight, 0) / largest)
        area[top : height - 1, left : right + 1] = _COLOURS["weight"]
        tick = height - 1 - round((height - 2) * target / largest)
        reach = round(0.08 * slot)
        area[max(tick - 1, 0) : tick + 1, max(left - reach, 0) : right + reach + 1] = _COLOURS["target"]
    area[height - 1] = _COLOURS["axis"]


def _draw_costs(area: Picture, history: History) -> None:
    height, width, _ = area.shape
    area[height - 1] = _COLOURS["axis"]
    steps = list(history.steps)
    # A credit of tax is no cost to stack.
    totals = [sum(max(step[name], 0) for name in _COSTS) for step in steps]
    largest = max(totals, default=0)
    if largest <= 0:
        return
    column = max(1, width // (history.steps.maxlen or width))
    for place, step in enumerate(steps):
        bottom = height - 1
        for name in _COSTS:
            size = round((height - 2) * max(step[name], 0) / largest)
            area[bottom - size : bottom, place * column : (place + 1) * column] = _COLOURS[name]
            bottom -= size
