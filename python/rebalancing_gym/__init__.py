"""Rebalancing environments for Gymnasium: learn when and how far to rebalance a portfolio.

    import gymnasium, rebalancing_gym
    env = gymnasium.make("rebalancing_gym/TwoAssetMonthly-v0")
    envs = gymnasium.make_vec("rebalancing_gym/FourAssetR1-v0", num_envs=4096)
"""

from __future__ import annotations

import gymnasium

from . import specifications
from ._library import DataError, RebalancingError, UsageError
from .environment import RebalancingEnv
from .evaluation import Evaluation, Solution, evaluate, score, solve
from .export import export
from .ledger import Ledger
from .policy import Policy
from .vector import RebalancingVectorEnv

__version__ = "0.1.0"
__all__ = [
    "DataError",
    "Evaluation",
    "Ledger",
    "Policy",
    "RebalancingEnv",
    "RebalancingError",
    "RebalancingVectorEnv",
    "Solution",
    "UsageError",
    "evaluate",
    "export",
    "score",
    "solve",
]


def register() -> None:
    """Tells Gymnasium of every specification; done once when the package is imported."""
    for file in specifications.files():
        name = specifications.environment_id(file)
        if name not in gymnasium.registry:
            gymnasium.register(
                id=name,
                entry_point="rebalancing_gym.environment:RebalancingEnv",
                vector_entry_point="rebalancing_gym.vector:RebalancingVectorEnv",
                kwargs={"specification": str(file)},
            )


register()
