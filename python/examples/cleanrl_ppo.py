"""Proximal policy optimisation in one file, in the style of CleanRL: torch on the native vector environment.

    python python/examples/cleanrl_ppo.py --steps 200000 --out checkpoints/cleanrl
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

import rebalancing_gym
from rebalancing_gym import RebalancingVectorEnv


def mlp(inputs, outputs, scale):
    """64-64 tanh with orthogonal weights."""
    layers = []
    for size, width, gain in ((inputs, 64, np.sqrt(2)), (64, 64, np.sqrt(2)), (64, outputs, scale)):
        layer = nn.Linear(size, width)
        nn.init.orthogonal_(layer.weight, gain)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def train(specification, steps, seed, *, copies=16, length=128, epochs=10, minibatches=4,
          rate=1e-3, anneals=True, discount=0.99, smoothing=0.95, clip=0.2, progress=None):
    """An actor that has learned: observations [batch, features] to logits [batch, actions]."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    envs = RebalancingVectorEnv(
        copies, specification, autoreset_mode="same_step", copy=False, infos=False)
    features, actions = envs.single_observation_space.shape[0], envs.single_action_space.n
    actor, critic = mlp(features, actions, 0.01), mlp(features, 1, 1.0)
    parameters = [*actor.parameters(), *critic.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=rate, eps=1e-5)
    observations = torch.zeros(length, copies, features)
    chosen = torch.zeros(length, copies, dtype=torch.long)
    logs, rewards, values, ended = (torch.zeros(length, copies) for _ in range(4))
    # What an episode that was cut off would still have brought.
    bootstrap = torch.zeros(length, copies)

    seen = torch.from_numpy(envs.reset(seed=seed)[0].copy())
    start, updates = time.perf_counter(), max(1, steps // (copies * length))
    for update in range(updates):
        if anneals:
            optimiser.param_groups[0]["lr"] = rate * (1 - update / updates)
        with torch.no_grad():
            for step in range(length):
                law = Categorical(logits=actor(seen))
                action = law.sample()
                observations[step], chosen[step], logs[step] = seen, action, law.log_prob(action)
                values[step] = critic(seen)[:, 0]
                after, reward, terminated, truncated, info = envs.step(action.numpy())
                rewards[step] = torch.from_numpy(reward)
                ended[step] = torch.from_numpy(terminated | truncated).float()
                bootstrap[step] = 0
                if truncated.any():
                    last = critic(torch.from_numpy(info["final_obs"]))[:, 0]
                    bootstrap[step] = torch.where(torch.from_numpy(truncated), last, 0.0)
                seen = torch.from_numpy(after.copy())
            advantages = torch.zeros_like(rewards)
            following, carried = critic(seen)[:, 0], torch.zeros(copies)
            for step in reversed(range(length)):
                alive = 1 - ended[step]
                future = alive * following + bootstrap[step]
                delta = rewards[step] + discount * future - values[step]
                carried = delta + discount * smoothing * alive * carried
                advantages[step], following = carried, values[step]
        flat = [x.reshape(copies * length, *x.shape[2:])
                for x in (observations, chosen, logs, advantages, advantages + values)]
        for _ in range(epochs):
            for rows in torch.randperm(copies * length).chunk(minibatches):
                x, a, old, gain, target = (part[rows] for part in flat)
                law = Categorical(logits=actor(x))
                ratio = (law.log_prob(a) - old).exp()
                gain = (gain - gain.mean()) / (gain.std() + 1e-8)
                loss = -torch.min(ratio * gain, ratio.clamp(1 - clip, 1 + clip) * gain).mean()
                loss = loss + 0.5 * (critic(x)[:, 0] - target).square().mean()
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(parameters, 0.5)
                optimiser.step()
        if progress:
            progress((update + 1) * copies * length, time.perf_counter() - start, actor)
    return actor


def greedy(actor):
    """Observations to the actions with the largest logits."""
    def choose(observations):
        with torch.no_grad():
            return actor(torch.from_numpy(observations)).argmax(1).numpy()
    return choose


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="two-asset-monthly-v0")
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("checkpoints/cleanrl"))
    parser.add_argument("--episodes", type=int, default=200)
    arguments = parser.parse_args()
    actor = train(arguments.env, arguments.steps, arguments.seed)
    scored = rebalancing_gym.score(arguments.env, greedy(actor), episodes=arguments.episodes)
    bundle = rebalancing_gym.export(
        actor, arguments.env, arguments.out, steps=arguments.steps, seed=arguments.seed,
        words={"framework": "torch", "algorithm": "PPO"}, episodes=arguments.episodes)
    print(f"cost {scored.cost:.2f} ± {scored.standard_error:.2f} bp a year; bundle in {bundle}")


if __name__ == "__main__":
    main()
