"""PPO of Stable-Baselines3, RLlib, CleanRL's style and our own on one environment: exact cost against steps
and against seconds.

    python python/examples/peers.py --out experiments/010-peers

All have 16 copies, rollouts of 128 steps, 10 epochs of 4 minibatches, a 64-64 tanh actor and a separate
critic, learning rate 0.001 and one thread. Seconds are CPU time, without the time of scoring. A policy is
scored by the exact law of the environment, through its graph in the ONNX format. Ours is trained anew to
each length: without annealing a shorter training is the beginning of a longer one. `tuned` is ours as
agents/ppo.yaml has it for this environment, with annealing, to ten times the length.
"""

import argparse
import csv
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch

import rebalancing_gym
from rebalancing_gym import _library, specifications
from rebalancing_gym.export import write_graph

AGENTS = Path(__file__).resolve().parents[2] / "agents"
# Our PPO as the others are set.
SAME = [
    "copies=16", "parts=1", "hidden_sizes=[64,64]", "rollout_steps=128", "epochs=10",
    "minibatches=4", "learning_rate=0.001",
    "anneal_learning_rate=false", "discount=0.99", "trace_decay=0.95", "entropy_coefficient=0",
    "criterion=discounted",
]


def exact_gap(env, checkpoint):
    """Cost in basis points a year, and percent above the optimum of the environment's own actions;
    infinite for a policy that lets the portfolio drift for ever."""
    row = rebalancing_gym.evaluate(env, checkpoint, exact=True)["policies"][0]
    found = (row.get("cost_bp_per_year"), row.get("gap_percent"))
    return tuple(math.inf if value is None else value for value in found)


class Curve:
    """Scores a network at given steps, while the clock stands still."""

    def __init__(self, env, points, features):
        self.env, self.features = env, features
        self.points = list(points)
        self.rows = []
        self.start, self.spent = time.process_time(), 0.0

    def __call__(self, steps, _, actor):
        now = time.process_time()
        if self.points and steps >= self.points[0]:
            self.points.pop(0)
            with tempfile.TemporaryDirectory() as folder:
                graph = Path(folder) / "policy.onnx"
                write_graph(actor, self.features, graph)
                file = str(specifications.file(self.env))
                out = str(Path(folder) / "checkpoint")
                _library.operate("import", file=file, graph=str(graph), out=out)
                self.rows.append((steps, now - self.start - self.spent, *exact_gap(self.env, out)))
        self.spent += time.process_time() - now


def ours(env, seed, points, settings, agent="ppo.yaml"):
    """Our PPO, trained to each length."""
    rows = []
    for steps in points:
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            _library.operate(
                "learn", file=str(specifications.file(env)), agent=str(AGENTS / agent),
                set_agent=[*settings, f"total_steps={steps}"], seed=seed, out=folder)
            seconds = time.process_time() - start
            rows.append((steps, seconds, *exact_gap(env, folder)))
    return rows


def stable_baselines(env, seed, points, features):
    from sb3_learners import SB3VecEnv
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback

    class Watch(BaseCallback):
        def _on_step(self):
            return True

        def _on_rollout_start(self):
            self.look()

        def look(self):
            policy = self.model.policy
            network = torch.nn.Sequential(policy.mlp_extractor.policy_net, policy.action_net)
            curve(self.num_timesteps, 0, network)

    envs = SB3VecEnv(16, env)
    model = PPO(
        "MlpPolicy", envs, n_steps=128, batch_size=512, n_epochs=10, learning_rate=1e-3, gamma=0.99,
        gae_lambda=0.95, ent_coef=0.0, seed=seed, device="cpu")
    curve = Curve(env, points, features)
    watch = Watch()
    model.learn(points[-1], callback=watch)
    watch.look()
    return curve.rows


def clean(env, seed, points, features):
    import cleanrl_ppo

    curve = Curve(env, points, features)
    # Annealing is of the original; the others have none.
    cleanrl_ppo.train(env, points[-1], seed, anneals=False, progress=curve)
    return curve.rows


def rllib(env, seed, points, features):
    import ray
    import rllib_ppo

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, ignore_reinit_error=True)
    curve = Curve(env, points, features)
    algorithm, _ = rllib_ppo.train(env, points[-1], seed, progress=curve)
    algorithm.stop()
    return curve.rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="two-asset-monthly-v0")
    parser.add_argument("--steps", type=int, default=307_200)
    parser.add_argument("--points", type=int, default=10, help="lengths at which policies are scored")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--who", default="ours,tuned,sb3,cleanrl,rllib")
    parser.add_argument("--out", type=Path, default=Path("experiments/010-peers"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    env = arguments.env
    # Whole rollouts of 16 x 128 steps.
    points = [arguments.steps * k // arguments.points // 2048 * 2048
              for k in range(1, arguments.points + 1)]
    features = len(rebalancing_gym.RebalancingEnv(env).feature_names)
    learners = {
        "ours": lambda seed: ours(env, seed, points, SAME),
        "tuned": lambda seed: ours(env, seed, [10 * steps for steps in points], []),
        "sb3": lambda seed: stable_baselines(env, seed, points, features),
        "cleanrl": lambda seed: clean(env, seed, points, features),
        "rllib": lambda seed: rllib(env, seed, points, features),
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "results.csv"
    rows = list(csv.reader(file.open()))[1:] if file.exists() else []
    for who in arguments.who.split(","):
        rows = [row for row in rows if row[0] != who]
        for seed in range(1, arguments.seeds + 1):
            for steps, seconds, cost, gap in learners[who](seed):
                rows.append([who, seed, steps, f"{seconds:.3f}", cost, gap])
            last = rows[-1]
            print(f"{who} seed {seed}: {last[2]} steps, {last[3]} s, gap {last[5]} %", file=sys.stderr)
        # Written after each learner: what is done is not lost.
        beside = file.with_suffix(".tmp")
        with beside.open("w", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(["learner", "seed", "steps", "cpu_seconds", "cost_bp_per_year",
                             "gap_percent"])
            writer.writerows(rows)
        beside.replace(file)
    show(rows)
    draw(rows, arguments.out / "gap.svg")


def medians(rows, who):
    """Steps, seconds and gap of a learner, medians over seeds, one line per length."""
    own = [row for row in rows if row[0] == who]
    for steps in sorted({int(row[2]) for row in own}):
        ends = [row for row in own if int(row[2]) == steps]
        yield (steps, statistics.median(float(row[3]) for row in ends),
               statistics.median(float(row[5]) for row in ends))


def draw(rows, file):
    """The gap against steps and against seconds, if gnuplot is there."""
    if shutil.which("gnuplot") is None:
        print("no figure: gnuplot-nox is not installed", file=sys.stderr)
        return
    names = list(dict.fromkeys(row[0] for row in rows))
    colours = ["#1b6ca8", "#3fa34d", "#c8553d", "#8a5a9e", "#d39b22"]
    blocks = "".join(
        f"${name} << END\n"
        + "".join(f"{steps} {seconds} {gap}\n" for steps, seconds, gap in medians(rows, name)
                  if math.isfinite(gap))
        + "END\n" for name in names)
    panels = ""
    for column, title in ((1, "environment steps"), (2, "CPU seconds, one thread")):
        curves = ", ".join(
            f"${name} using {column}:3 with linespoints lw 2 pt 7 ps 0.4 lc rgb '{colour}' "
            f"title '{name}'" for name, colour in zip(names, colours))
        panels += f"set xlabel '{title}'\nplot {curves}\n"
    script = (
        "set terminal svg size 860,380 font 'sans,12' background 'white'\n"
        f"set output '{file}'\n{blocks}"
        "set logscale xy\nset format x '10^{%L}'\nset grid lc rgb '#dddddd'\nset border 3\n"
        "set tics nomirror\nset ylabel 'percent above the optimum'\nset key top right\n"
        "set multiplot layout 1,2\n" + panels)
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def show(rows):
    """The end of each learner's training, medians over seeds."""
    print(f"{'learner':<10} {'steps':>8} {'cpu s':>8} {'steps/s':>9} {'gap %':>8} {'worst %':>8}")
    for who in dict.fromkeys(row[0] for row in rows):
        longest = max(int(row[2]) for row in rows if row[0] == who)
        ends = [row for row in rows if row[0] == who and int(row[2]) == longest]
        seconds = statistics.median(float(row[3]) for row in ends)
        gaps = [float(row[5]) for row in ends]
        print(f"{who:<10} {longest:>8} {seconds:>8.2f} {longest / seconds:>9.0f} "
              f"{statistics.median(gaps):>8.2f} {max(gaps):>8.2f}")


if __name__ == "__main__":
    main()
