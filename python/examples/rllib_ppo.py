"""PPO of RLlib, on Ray, on a rebalancing environment.

    python python/examples/rllib_ppo.py --steps 100000 --out checkpoints/rllib
"""

import argparse
import time
from pathlib import Path

import ray
import torch
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.tune.registry import register_env
from torch import nn

import rebalancing_gym
from rebalancing_gym import RebalancingEnv

register_env("rebalancing", lambda config: RebalancingEnv(config["specification"]))


class Actor(nn.Module):
    """The network of an RLlib policy that answers observations with logits."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, observations):
        return self.module.forward_inference({"obs": observations})["action_dist_inputs"]


def train(specification, steps, seed, *, copies=16, progress=None):
    """An algorithm that has learned, and its actor."""
    config = (
        PPOConfig()
        .environment("rebalancing", env_config={"specification": str(specification)})
        .env_runners(num_env_runners=0, num_envs_per_env_runner=copies)
        .training(lr=1e-3, gamma=0.99, lambda_=0.95, train_batch_size_per_learner=2048,
                  minibatch_size=512, num_epochs=10, entropy_coeff=0.0, clip_param=0.2)
        .rl_module(model_config=DefaultModelConfig(
            fcnet_hiddens=[64, 64], fcnet_activation="tanh", vf_share_layers=False))
        .debugging(seed=seed, log_level="ERROR")
    )
    algorithm = config.build_algo()
    done, start = 0, time.perf_counter()
    while done < steps:
        done = int(algorithm.train()["num_env_steps_sampled_lifetime"])
        if progress:
            progress(done, time.perf_counter() - start, Actor(algorithm.get_module()))
    return algorithm, Actor(algorithm.get_module())


def greedy(actor):
    """Observations to the actions with the largest logits."""
    def choose(observations):
        with torch.no_grad():
            return actor(torch.from_numpy(observations)).argmax(1).numpy()
    return choose


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="two-asset-monthly-v0")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("checkpoints/rllib"))
    parser.add_argument("--episodes", type=int, default=200)
    arguments = parser.parse_args()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    algorithm, actor = train(arguments.env, arguments.steps, arguments.seed)
    scored = rebalancing_gym.score(arguments.env, greedy(actor), episodes=arguments.episodes)
    bundle = rebalancing_gym.export(
        actor, arguments.env, arguments.out, steps=arguments.steps, seed=arguments.seed,
        words={"framework": "rllib", "algorithm": "PPO"}, episodes=arguments.episodes)
    print(f"cost {scored.cost:.2f} ± {scored.standard_error:.2f} bp a year; bundle in {bundle}")
    algorithm.stop()
    ray.shutdown()


if __name__ == "__main__":
    main()
