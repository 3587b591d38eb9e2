"""Policies of bundles, as production answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _library
from ._library import Handle, UsageError


class Policy:
    """A policy from a bundle that has passed all its checks: digests, schema, conformance."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.description: dict[str, Any] = _library.answer("policy_describe", handle.value)
        self.is_discrete: bool = not self.description["box"]

    @classmethod
    def load(cls, bundle: str | Path, *, trust: Sequence[str | Path] = ()) -> Policy:
        """Loads a bundle's folder.

        Args:
            trust: files of public keys; where there are any, one of them must have signed the bundle.
        """
        request = {"bundle": str(bundle), "trust": [str(key) for key in trust]}
        return cls(Handle("policy", "policy_load", request))

    @property
    def name(self) -> str:
        """The policy's name and version."""
        manifest = self.description["manifest"]
        return f"{manifest['name']} {manifest['version']}"

    def act(
        self, observation: npt.ArrayLike, action_mask: npt.ArrayLike | None = None
    ) -> Any:
        """The action at an observation [features], or those at [batch, features].

        Args:
            action_mask: [actions] or [batch, actions], false where an action is forbidden.

        Returns:
            A whole number or int64 [batch]; of a box float32 [dimensions] or [batch, dimensions].

        Raises:
            UsageError: where an observation must be refused, since it is not finite.
        """
        choices, scores, is_single = self._answer(observation, action_mask)
        refused = np.flatnonzero(choices < 0 if self.is_discrete else np.isnan(scores).any(axis=1))
        if refused.size:
            raise UsageError(
                f"the policy refuses observation {refused[0]}: a number is not finite, or no action "
                "is allowed"
            )
        answer = choices if self.is_discrete else scores
        if not is_single:
            return answer
        return int(choices[0]) if self.is_discrete else scores[0]

    def scores(
        self, observation: npt.ArrayLike, action_mask: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.float32]:
        """One score per action, -inf where it is forbidden, NaN where the observation is refused."""
        _, scores, is_single = self._answer(observation, action_mask)
        return scores[0] if is_single else scores

    def predict(
        self, observation: npt.ArrayLike, state: Any = None, episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """As the policies of Stable-Baselines3."""
        return self.act(observation), state

    def _answer(
        self, observation: npt.ArrayLike, action_mask: npt.ArrayLike | None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], bool]:
        if self._handle.value is None:
            raise UsageError("the policy is closed")
        features, actions = self.description["features"], self.description["actions"]
        given = np.asarray(observation, np.float32)
        rows = np.ascontiguousarray(np.atleast_2d(given))
        if given.ndim > 2 or rows.shape[1] != features:
            raise UsageError(f"the observation has shape {given.shape}, valid is [..., {features}]")
        masks = None
        if action_mask is not None:
            if not self.is_discrete:
                raise UsageError("the actions are a box, which has no mask")
            allowed = np.atleast_2d(np.asarray(action_mask, np.bool_))
            masks = np.ascontiguousarray(np.broadcast_to(allowed, (len(rows), actions)))
        choices = np.full(len(rows), -1, np.int64)
        scores = np.empty((len(rows), actions), np.float32)
        _library.call(
            "policy_act",
            self._handle.value,
            rows.ctypes.data,
            None if masks is None else masks.ctypes.data,
            len(rows),
            choices.ctypes.data if self.is_discrete else None,
            scores.ctypes.data,
        )
        return choices, scores, given.ndim < 2

    def close(self) -> None:
        """Gives the policy back to the library; a second time does nothing."""
        self._handle.close()

    def __repr__(self) -> str:
        environment = json.dumps(self.description["manifest"]["environment"]["id"])
        return f"Policy({self.name}, trained on {environment})"
