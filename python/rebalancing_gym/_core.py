"""Copies of an environment in the library, and the NumPy arrays that they read and write."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from . import _library, specifications
from ._library import TERMS, Buffers, Handle


class Core:
    """Copies of one environment; what a step leads to is in the arrays afterwards.

    choices [copies] int32 or actions [copies, dimensions] float32 are read; observations and
    final_observations [copies, features] float32, rewards [copies] float32, terminated and truncated
    [copies] bool and terms [5, copies] float64 are written.
    """

    def __init__(
        self,
        specification: str | Path,
        overrides: Sequence[str] = (),
        *,
        copies: int = 1,
        first_copy: int = 0,
        autoreset: str = "disabled",
        terms: bool = True,
    ) -> None:
        self.file = specifications.file(specification)
        self.overrides = tuple(overrides)
        self._request = {
            "file": str(self.file),
            "set": list(overrides),
            "copies": int(copies),
            "first_copy": int(first_copy),
            "autoreset": autoreset,
        }
        self._has_terms = terms
        self._handle = Handle("environment", "environment_create", self._request)
        self.description: dict[str, Any] = _library.answer(
            "environment_describe", self._handle.value
        )
        features = len(self.description["features"])
        self.is_discrete = "count" in self.description["actions"]
        self.choices = np.zeros(copies, np.int32)
        self.actions = np.zeros((copies, self._dimensions), np.float32)
        self.observations = np.zeros((copies, features), np.float32)
        self.final_observations = np.zeros((copies, features), np.float32)
        self.rewards = np.zeros(copies, np.float32)
        self.terminated = np.zeros(copies, np.bool_)
        self.truncated = np.zeros(copies, np.bool_)
        self.terms = np.zeros((len(TERMS), copies), np.float64)
        self._bind(terms)
        # Looked up once: a step of one copy is a microsecond.
        self._message = ctypes.create_string_buffer(2048)
        self._step = _library.library().rebalancing_environment_step
        self._arguments = (self._handle.value, self._message, 2048)

    def _bind(self, terms: bool) -> None:
        buffers = Buffers(
            choices=self.choices.ctypes.data if self.is_discrete else None,
            actions=None if self.is_discrete else self.actions.ctypes.data,
            observations=self.observations.ctypes.data,
            final_observations=self.final_observations.ctypes.data,
            rewards=self.rewards.ctypes.data,
            terminated=self.terminated.ctypes.data,
            truncated=self.truncated.ctypes.data,
            terms=self.terms.ctypes.data if terms else None,
        )
        _library.call("environment_bind", self._handle.value, ctypes.byref(buffers))

    @property
    def _dimensions(self) -> int:
        return len(self.description["actions"].get("low") or [0])

    @property
    def observation_space(self) -> Any:
        """The space of one copy; what has no bound may be any finite number."""
        largest = np.finfo(np.float32).max
        features = self.description["features"]
        low = [feature.get("low", -largest) for feature in features]
        high = [feature.get("high", largest) for feature in features]
        return spaces.Box(np.array(low, np.float32), np.array(high, np.float32), dtype=np.float32)

    @property
    def action_space(self) -> Any:
        """The actions of one copy: 0 none, and so on, or a box."""
        actions = self.description["actions"]
        if self.is_discrete:
            return spaces.Discrete(actions["count"])
        low, high = (np.array(actions[end], np.float32) for end in ("low", "high"))
        return spaces.Box(low, high, dtype=np.float32)

    def act(self, actions: npt.ArrayLike) -> None:
        """Steps every copy with an action of each, [copies] or [copies, dimensions]."""
        if self.is_discrete:
            given = np.asarray(actions)
            if given.dtype.kind not in "iu":
                raise _library.UsageError(
                    f"the actions are of {given.dtype}; whole numbers are needed")
            self.choices[...] = given
            # What 32 bits do not hold would come out as another action.
            if given.dtype.itemsize > 4 and not np.array_equal(self.choices, given):
                raise _library.UsageError("an action is too large a number to be one")
        else:
            self.actions[...] = actions
        self.step()

    def step(self) -> None:
        """Steps every copy with the actions that stand in the arrays."""
        status = self._step(*self._arguments)
        if status:
            self._require_open()
            _library.check(status, self._message.value)

    def reset(self, seed: int) -> None:
        """Begins the first episode of every copy."""
        self._require_open()
        if not 0 <= seed < 1 << 64:
            raise _library.UsageError(f"the seed is {seed}, valid are 0 to 2**64 - 1")
        _library.call("environment_reset", self._handle.value, seed)

    def reset_some(self, mask: npt.NDArray[np.bool_] | None = None) -> None:
        """Begins the next episode of the copies where the mask is true, or of all."""
        self._require_open()
        flags = None if mask is None else np.ascontiguousarray(mask, np.bool_)
        _library.call(
            "environment_reset_some",
            self._handle.value,
            None if flags is None else flags.ctypes.data,
        )

    def portfolio(self, copy: int = 0) -> dict[str, Any]:
        """What a copy holds: step, value, weights."""
        self._require_open()
        held: dict[str, Any] = _library.answer("environment_show", self._handle.value, copy)
        return held

    def close(self) -> None:
        """Gives the copies back; the arrays stay."""
        self._handle.close()
        self._arguments = (None, self._message, 2048)

    def _require_open(self) -> None:
        if self._handle.value is None:
            raise _library.UsageError("the environment is closed")

    # Copies and pickles continue where the original stands; what its last step led to stays with it.

    def __getstate__(self) -> dict[str, Any]:
        self._require_open()
        size = ctypes.c_int64(0)
        _library.call("environment_state", self._handle.value, None, ctypes.byref(size))
        state = ctypes.create_string_buffer(size.value)
        _library.call("environment_state", self._handle.value, state, ctypes.byref(size))
        return {"request": self._request, "terms": self._has_terms, "state": state.raw}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        request = saved["request"]
        Core.__init__(
            self, request["file"], request["set"], copies=request["copies"],
            first_copy=request["first_copy"], autoreset=request["autoreset"], terms=saved["terms"],
        )
        state = saved["state"]
        _library.call("environment_restore", self._handle.value, state, len(state))
