"""Policies scored on the same paths as `rebalance evaluate`, and exact optima."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from . import _library, specifications
from ._core import Core
from ._library import TERMS, UsageError
from .environment import RebalancingEnv
from .vector import RebalancingVectorEnv

Array = npt.NDArray[Any]
EnvironmentLike = str | Path | RebalancingEnv | RebalancingVectorEnv


class Predictor(Protocol):
    """A policy as Stable-Baselines3 has it."""

    def predict(self, observation: Array, deterministic: bool = True) -> tuple[Any, Any]: ...


@dataclass(frozen=True)
class Evaluation:
    """Means per year over sampled paths, in basis points of value, with the standard error of the cost."""

    environment: str
    episodes: int
    seed: int
    cost: float
    standard_error: float
    transaction: float
    tax: float
    drift: float
    reward_per_step: float


@dataclass(frozen=True)
class Solution:
    """The optimum of a two-asset task: its cost in basis points per year, and where it does not trade."""

    cost: float
    no_trade: tuple[float, float]
    full_trade_below: float | None
    full_trade_above: float | None
    turnover_per_year: float
    tracking_error_bp: float


def _specification(env: EnvironmentLike) -> tuple[Path, list[str]]:
    """The file and the overrides of an environment, however it is given."""
    unwrapped = getattr(env, "unwrapped", env)
    core = getattr(unwrapped, "_core", None)
    if core is not None:
        return core.file, list(core.overrides)
    if isinstance(env, (str, Path)):
        return specifications.file(env), []
    raise UsageError(f"{env!r} is no environment of this package, nor the name of one")


def evaluate(
    env: EnvironmentLike,
    *policies: str | Path,
    episodes: int = 200,
    seed: int = 1_000_000,
    exact: bool = False,
) -> dict[str, Any]:
    """Compares rules and bundles on the same paths, as `rebalance evaluate --json`.

    Args:
        env: an environment, a file, or a name.
        policies: "rule:NAME(…)", or the folder of a checkpoint or bundle.
        exact: scores by the exact law of a two-asset task instead of sampling.
    """
    file, overrides = _specification(env)
    answer: dict[str, Any] = _library.operate(
        "evaluate", file=str(file), set=overrides, policies=[str(policy) for policy in policies],
        episodes=episodes, seed=seed, exact=exact,
    )
    return answer


def solve(env: EnvironmentLike, *, unrestricted: bool = False) -> Solution:
    """The exact optimum of a two-asset task, over its own actions or over any trade."""
    file, overrides = _specification(env)
    answer = _library.operate("solve", file=str(file), set=overrides, unrestricted=unrestricted)
    return Solution(
        cost=answer["cost_bp_per_year"],
        no_trade=tuple(answer["no_trade"]),
        full_trade_below=answer.get("full_trade_below"),
        full_trade_above=answer.get("full_trade_above"),
        turnover_per_year=answer["turnover_per_year"],
        tracking_error_bp=answer["tracking_error_bp"],
    )


def score(
    env: EnvironmentLike,
    policy: Predictor | Callable[[Array], npt.ArrayLike],
    *,
    episodes: int = 200,
    seed: int = 1_000_000,
) -> Evaluation:
    """Scores a policy of Python's on the paths that `evaluate` plays for the same seed.

    Args:
        policy: anything with `predict(observations)`, or a function of observations
            [episodes, features] that gives the actions of all.
        episodes: paths, each played once.
    """
    file, overrides = _specification(env)
    choose = _chooser(policy)
    # In the arithmetic of the evaluator, whatever the environment trains in.
    core = Core(file, [*overrides, "precision=double"], copies=episodes)
    core.reset(seed)
    steps = np.zeros(episodes)
    sums = np.zeros((len(TERMS), episodes))
    rewards = np.zeros(episodes)
    running = np.ones(episodes, np.bool_)
    while running.any():
        chosen = np.asarray(choose(core.observations.copy()))
        core.act(chosen if core.is_discrete else chosen.reshape(core.actions.shape))
        sums[:, running] += core.terms[:, running]
        rewards[running] += core.rewards[running]
        steps[running] += 1
        ended = core.terminated | core.truncated
        running &= ~ended
        if ended.any() and running.any():
            core.reset_some(ended)
    core.close()
    return _summary(core.description, episodes, seed, steps, sums, rewards)


def _summary(
    description: dict[str, Any], episodes: int, seed: int, steps: Array, sums: Array, rewards: Array
) -> Evaluation:
    per_year = description["steps_per_year"] * 1e4
    terms = dict(zip(TERMS, sums))
    costs = terms["transaction_cost"] + terms["tax_cost"] + terms["drift_cost"]
    total = steps.sum()

    def rate(values: Array) -> float:
        return float(values.sum() / total * per_year)

    # The ratio of sums over paths of different length: the error is that of the residuals.
    residuals = costs - costs.sum() / total * steps
    deviation = float(residuals.std(ddof=1)) if episodes > 1 else math.nan
    return Evaluation(
        environment=description["id"],
        episodes=episodes,
        seed=seed,
        cost=rate(costs),
        standard_error=deviation / math.sqrt(episodes) * episodes / total * per_year,
        transaction=rate(terms["transaction_cost"]),
        tax=rate(terms["tax_cost"]),
        drift=rate(terms["drift_cost"]),
        reward_per_step=float(rewards.sum() / total),
    )


def _chooser(policy: Any) -> Callable[[Array], Any]:
    predict = getattr(policy, "predict", None)
    if predict is not None:
        return lambda observations: predict(observations, deterministic=True)[0]
    if callable(policy):
        chosen: Callable[[Array], Any] = policy
        return chosen
    raise UsageError(f"{policy!r} is no policy: it has no predict and cannot be called")
