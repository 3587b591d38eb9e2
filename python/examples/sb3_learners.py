"""PPO and DQN of Stable-Baselines3 on a rebalancing environment, and their export to a policy bundle.

    python python/examples/sb3_learners.py --steps 200000 --out checkpoints/sb3
"""

import argparse
from pathlib import Path

import numpy as np
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import VecEnv

import rebalancing_gym
from rebalancing_gym import RebalancingEnv, RebalancingVectorEnv


class SB3VecEnv(VecEnv):
    """The native vector environment as Stable-Baselines3 wants it: same-step resets, a list of infos."""

    def __init__(self, num_envs, specification, overrides=()):
        self.envs = RebalancingVectorEnv(
            num_envs, specification, overrides, autoreset_mode="same_step", infos=False)
        super().__init__(
            num_envs, self.envs.single_observation_space, self.envs.single_action_space)
        self._seed = None

    def reset(self):
        observations, _ = self.envs.reset(seed=self._seed)
        self._seed = None
        return observations

    def seed(self, seed=None):
        self._seed = seed
        return [seed] * self.num_envs

    def step_async(self, actions):
        self._actions = actions

    def step_wait(self):
        observations, rewards, terminated, truncated, info = self.envs.step(self._actions)
        infos = [{} for _ in range(self.num_envs)]
        for copy in np.flatnonzero(terminated | truncated):
            infos[copy] = {
                "terminal_observation": info["final_obs"][copy],
                "TimeLimit.truncated": bool(truncated[copy]),
            }
        return observations, rewards, terminated | truncated, infos

    def close(self):
        self.envs.close()

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs

    def get_attr(self, attr_name, indices=None):
        return [getattr(self.envs, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        raise AttributeError(attr_name)

    def env_method(self, method_name, *arguments, indices=None, **more):
        raise AttributeError(method_name)


def train(name, specification, steps, seed, overrides=()):
    """A model that has learned."""
    envs = SB3VecEnv(16, specification, overrides)
    if name == "ppo":
        model = PPO(
            "MlpPolicy", envs, n_steps=128, batch_size=512, n_epochs=10, learning_rate=1e-3,
            gamma=0.99, gae_lambda=0.95, ent_coef=0.0, seed=seed, device="cpu")
    else:
        model = DQN(
            "MlpPolicy", envs, learning_rate=1e-3, buffer_size=50_000, learning_starts=1_000,
            batch_size=128, train_freq=4, target_update_interval=1_000, exploration_fraction=0.3,
            seed=seed, device="cpu")
    return model.learn(steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="two-asset-monthly-v0")
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("checkpoints/sb3"))
    parser.add_argument("--episodes", type=int, default=200)
    arguments = parser.parse_args()

    check_env(RebalancingEnv(arguments.env), warn=True)
    for name in ("ppo", "dqn"):
        model = train(name, arguments.env, arguments.steps, arguments.seed)
        scored = rebalancing_gym.score(arguments.env, model, episodes=arguments.episodes)
        bundle = rebalancing_gym.export(
            model, arguments.env, arguments.out / name, steps=arguments.steps,
            seed=arguments.seed, episodes=arguments.episodes)
        policy = rebalancing_gym.Policy.load(bundle)
        rows = np.random.default_rng(0).normal(
            size=(1000, policy.description["features"])).astype(np.float32)
        same = np.mean(policy.act(rows) == model.predict(rows, deterministic=True)[0])
        print(f"{name}: {scored.cost:.2f} ± {scored.standard_error:.2f} bp a year; "
              f"{bundle} decides alike at {same:.1%} of 1000 observations")


if __name__ == "__main__":
    main()
