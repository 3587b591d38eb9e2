"""Times the environment R1 from Python: many copies in one array, and a step of one.

    env -u OPENBLAS_CORETYPE taskset -c 1 python python/bench.py
"""

import argparse
import json
import time

import gymnasium
import numpy as np

import rebalancing_gym  # noqa: F401

NAME = "rebalancing_gym/FourAssetR1-v0"


def many(copies, **more):
    """Steps per second, the best of five."""
    envs = gymnasium.make_vec(NAME, num_envs=copies, autoreset_mode="same_step", **more)
    actions = np.random.default_rng(0).integers(0, 3, (64, copies)).astype(np.int32)
    envs.reset(seed=1)
    steps, best = max(50, 2_000_000 // copies), 0.0
    for _ in range(6):
        start = time.perf_counter()
        for step in range(steps):
            envs.step(actions[step & 63])
        best = max(best, steps * copies / (time.perf_counter() - start))
    envs.close()
    return best


def one(name):
    """Microseconds per step, resets among them, the best of five."""
    env = gymnasium.make(name).unwrapped
    env.reset(seed=1)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(50_000):
            _, _, terminated, truncated, _ = env.step(1)
            if terminated or truncated:
                env.reset()
        best = min(best, (time.perf_counter() - start) / 50_000 * 1e6)
    env.close()
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    given = parser.parse_args()
    figures = {}
    for copies in (1, 64, 4096, 16384):
        figures[f"{copies} copies, no copy, no infos"] = many(copies, copy=False, infos=False)
    figures["4096 copies, own arrays, no infos"] = many(4096, infos=False)
    figures["4096 copies, own arrays, infos"] = many(4096)
    times = {name: one(name) for name in (NAME, "rebalancing_gym/TwoAssetMonthly-v0")}
    if given.json:
        print(json.dumps({"steps_per_second": figures, "microseconds_per_step": times}, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:<36} {value / 1e6:8.2f} M steps/s")
    for name, value in times.items():
        print(f"{name:<36} {value:8.2f} µs a step")


if __name__ == "__main__":
    main()
