"""One portfolio as a Gymnasium environment."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

from . import rendering
from ._core import Core
from ._library import TERMS, UsageError

Observation = npt.NDArray[np.float32]


class RebalancingEnv(gymnasium.Env[Observation, Any]):
    """A portfolio that drifts, is rebalanced and pays for it.

    Observation: float32 [features], named in `feature_names`. Action: 0 none, 1 partial, 2 full (the
    fractions of the specification), or a point of a box. Reward: return capture minus drift cost,
    transaction cost and tax cost of the step, times the reward scale. `terminated` is ruin, `truncated`
    the horizon. `info` has value_after (currency) and transaction_cost, tax_cost, drift_cost and
    portfolio_return (fractions of the value before the step), and for discrete actions action_mask.

    The same seed gives the same bits on any machine; `reset()` without one begins the next episode.

    Args:
        specification: a file, a file's name in `envs/` without its ending, or an id of Gymnasium.
        overrides: "key=value" each, as `--set` of the command line.
        render_mode: "ansi" or "rgb_array".
        first_copy: which of a seed's market paths this portfolio meets.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}

    def __init__(
        self,
        specification: str | Path,
        overrides: Sequence[str] = (),
        *,
        render_mode: str | None = None,
        first_copy: int = 0,
    ) -> None:
        rendering.check_mode(render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self._core = Core(specification, overrides, first_copy=first_copy)
        self.observation_space = self._core.observation_space
        self.action_space = self._core.action_space
        self._count = getattr(self.action_space, "n", 0)
        self._is_seeded = False
        self._history = rendering.History()

    @property
    def description(self) -> dict[str, Any]:
        """Assets, targets, features, actions and the problem in words."""
        return self._core.description

    @property
    def feature_names(self) -> list[str]:
        """Names of the numbers of an observation, in order."""
        return [feature["name"] for feature in self.description["features"]]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins the first episode of a seed, or without one the next episode of the present one."""
        super().reset(seed=seed)
        if seed is None and self._is_seeded:
            self._core.reset_some()
        else:
            self._core.reset(int(self.np_random.integers(1 << 63)) if seed is None else seed)
            self._is_seeded = True
        self._history.clear()
        info: dict[str, Any] = {"value_after": float(self.description["initial_value"])}
        if self._count:
            info["action_mask"] = np.ones(self._count, np.int8)
        return self._core.observations[0].copy(), info

    def step(
        self, action: Any
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Trades, pays, and lets the market move."""
        core = self._core
        info: dict[str, Any] = {}
        if self._count:
            core.choices[0] = operator.index(action)
            info["action_mask"] = np.ones(self._count, np.int8)
        else:
            core.actions[0] = action
        core.step()
        info.update(zip(TERMS, core.terms[:, 0].tolist()))
        if self.render_mode is not None:
            self._history.add(info)
        return (
            core.observations[0].copy(),
            float(core.rewards[0]),
            bool(core.terminated[0]),
            bool(core.truncated[0]),
            info,
        )

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Which actions are valid now, as MaskablePPO asks: all of them, always."""
        if not self._count:
            raise UsageError("the actions are a box, which has no mask")
        return np.ones(self._count, np.bool_)

    def render(self) -> Any:
        """The portfolio as text, or as an array [height, width, 3] of uint8."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() is called, but no render_mode was given to make()")
            return None
        portfolio = self._core.portfolio()
        if self.render_mode == "ansi":
            return rendering.text(self.description, portfolio, self._history)
        return rendering.frame(self.description, portfolio, self._history)

    def close(self) -> None:
        """Gives the portfolio back to the library; a second time does nothing."""
        self._core.close()
