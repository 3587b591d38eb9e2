"""Many portfolios as one Gymnasium vector environment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from . import rendering
from ._core import Core
from ._library import TERMS, UsageError

_MODES = {
    AutoresetMode.NEXT_STEP: "next_step",
    AutoresetMode.SAME_STEP: "same_step",
    AutoresetMode.DISABLED: "disabled",
}
Flags = npt.NDArray[np.bool_]


class RebalancingVectorEnv(VectorEnv[npt.NDArray[np.float32], npt.NDArray[Any], npt.NDArray[Any]]):
    """`num_envs` portfolios, stepped side by side in the library.

    Observations are float32 [num_envs, features], actions int [num_envs] or float32
    [num_envs, dimensions], rewards float32 [num_envs], terminations and truncations bool [num_envs].
    Copy i under seed s is `RebalancingEnv(first_copy=i)` under seed s, to the bit.

    Args:
        num_envs: number of copies.
        specification: a file, a file's name in `envs/` without its ending, or an id of Gymnasium.
        overrides: "key=value" each, as `--set` of the command line.
        autoreset_mode: what happens to a copy whose episode has ended.
        copy: whether what a step returns is the caller's own; without, the same arrays are written
            again by the next step.
        infos: whether a step tells value and costs; without, infos hold nothing but final_obs and are
            free.
        first_copy: the market path that the first copy meets.
    """

    def __init__(
        self,
        num_envs: int = 1,
        specification: str | Path = "two-asset-monthly-v0",
        overrides: Sequence[str] = (),
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        infos: bool = True,
        render_mode: str | None = None,
        first_copy: int = 0,
    ) -> None:
        mode = _mode(autoreset_mode)
        modes = ["ansi", "rgb_array"]
        rendering.check_mode(render_mode, modes)
        self.metadata = {"render_modes": modes, "render_fps": 4, "autoreset_mode": mode}
        self.num_envs = num_envs
        self.render_mode = render_mode
        self._core = Core(
            specification, overrides, copies=num_envs, first_copy=first_copy,
            autoreset=_MODES[mode], terms=infos,
        )
        self._copies, self._infos = copy, infos
        self.single_observation_space = self._core.observation_space
        self.single_action_space = self._core.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._is_seeded = False
        self._count = getattr(self.single_action_space, "n", 0)
        # Copies that the next step only resets.
        self._awaiting: Flags = np.zeros(num_envs, np.bool_)

    @property
    def description(self) -> dict[str, Any]:
        """Assets, targets, features, actions and the problem in words."""
        return self._core.description

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
        """Begins the first episodes of a seed, or without one the next episodes.

        `options={"reset_mask": mask}`, bool [num_envs], begins the next episode of those copies alone.
        """
        mask = _reset_mask(options, self.num_envs)
        if mask is not None:
            if seed is not None:
                raise UsageError("a seed is for all copies; reset_mask begins the next episodes")
            self._require_seed()
        if seed is not None and not isinstance(seed, (int, np.integer)):
            raise UsageError(f"the seed is {seed!r}; one whole number seeds all copies")
        super().reset(seed=seed)
        if seed is None and self._is_seeded:
            self._core.reset_some(mask)
        else:
            self._core.reset(int(self.np_random.integers(1 << 63)) if seed is None else int(seed))
            self._is_seeded = True
        begun = np.ones(self.num_envs, np.bool_) if mask is None else mask
        self._awaiting = self._awaiting & ~begun
        infos: dict[str, Any] = {}
        if self._infos:
            self._add_start(infos, begun)
        return self._own(self._core.observations), infos

    def step(
        self, actions: npt.ArrayLike
    ) -> tuple[
        npt.NDArray[np.float32], npt.NDArray[np.float32], Flags, Flags, dict[str, Any]
    ]:
        """Steps every copy."""
        core = self._core
        core.act(actions)
        ended = core.terminated | core.truncated
        infos = self._step_infos(ended)
        self._awaiting = ended
        return (
            self._own(core.observations),
            self._own(core.rewards),
            self._own(core.terminated),
            self._own(core.truncated),
            infos,
        )

    def action_masks(self) -> Flags:
        """Which actions of each copy are valid now, [num_envs, actions]: all of them, always."""
        if not self._count:
            raise UsageError("the actions are a box, which has no mask")
        return np.ones((self.num_envs, self._count), np.bool_)

    def render(self) -> tuple[Any, ...] | None:
        """Each portfolio as text, or as an array [height, width, 3] of uint8."""
        if self.render_mode is None:
            return None
        draw = rendering.text if self.render_mode == "ansi" else rendering.frame
        return tuple(
            draw(self.description, self._core.portfolio(copy), rendering.History())
            for copy in range(self.num_envs)
        )

    def close_extras(self, **kwargs: Any) -> None:
        """Gives the portfolios back to the library."""
        self._core.close()

    def _own(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values.copy() if self._copies else values

    def _require_seed(self) -> None:
        if not self._is_seeded:
            raise UsageError("no episode has begun: reset all copies first")

    # What Gymnasium says of infos: a key's array [num_envs], and with _ before it which copies have it.

    def _step_infos(self, ended: Flags) -> dict[str, Any]:
        infos: dict[str, Any] = {}
        same_step = self.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
        if not self._infos and not (same_step and ended.any()):
            return infos
        if same_step and ended.any():
            self._add_final(infos, ended)
        if self._infos:
            # A copy that was only reset tells of its start.
            begun = ended if same_step else self._awaiting
            self._add_terms(infos, ~begun)
            if begun.any():
                self._add_start(infos, begun)
        return infos

    def _add_final(self, infos: dict[str, Any], ended: Flags) -> None:
        infos["final_obs"] = self._core.final_observations.copy()
        infos["final_obs"][~ended] = 0
        infos["_final_obs"] = ended.copy()
        if self._infos:
            final: dict[str, Any] = {}
            self._add_terms(final, ended)
            infos["final_info"], infos["_final_info"] = final, ended.copy()

    def _add_terms(self, infos: dict[str, Any], which: Flags) -> None:
        if not which.any():
            return
        whole = which.all()
        terms = self._core.terms.copy()
        if not whole:
            terms[:, ~which] = 0
        for name, row in zip(TERMS, terms):
            infos[name], infos[f"_{name}"] = row, which.copy()
        if self._count:
            masks = np.ones((self.num_envs, self._count), np.int8)
            if not whole:
                masks[~which] = 0
            infos["action_mask"], infos["_action_mask"] = masks, which.copy()

    def _add_start(self, infos: dict[str, Any], begun: Flags) -> None:
        values = infos.setdefault("value_after", np.zeros(self.num_envs))
        values[begun] = self.description["initial_value"]
        infos["_value_after"] = infos.get("_value_after", np.zeros_like(begun)) | begun
        if self._count:
            masks = infos.setdefault("action_mask", np.zeros((self.num_envs, self._count), np.int8))
            masks[begun] = 1
            infos["_action_mask"] = infos.get("_action_mask", np.zeros_like(begun)) | begun


def _mode(given: AutoresetMode | str) -> AutoresetMode:
    if isinstance(given, AutoresetMode):
        return given
    for mode, name in _MODES.items():
        if given in (name, mode.value):
            return mode
    raise UsageError(f"autoreset_mode is {given!r}, valid are {', '.join(_MODES.values())}")


def _reset_mask(options: dict[str, Any] | None, count: int) -> Flags | None:
    mask = (options or {}).get("reset_mask")
    if mask is None:
        return None
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (count,):
        raise UsageError(f"reset_mask must be a bool array of shape ({count},)")
    if not mask.any():
        raise UsageError("reset_mask is true nowhere")
    return mask
