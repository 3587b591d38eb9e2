"""Looks for an agent's hyperparameters with Ray Tune.

    python -m rebalancing_gym.search --env two-asset-monthly-v0 --agent agents/ppo.yaml \\
        --space learning_rate=log:1e-4:1e-2 --space epochs=choice:4,10 --samples 20

Every trial trains the agent once per seed, each a task of one core, and is judged by its mean cost on
sampled paths. Whoever reports the winner's cost plays other paths and other seeds: the best of many is
flattered by the paths that chose it. With `--sampler optuna` (package optuna) trials learn from earlier ones.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import _library, specifications, sweep
from ._library import RebalancingError, UsageError


def space(texts: Sequence[str]) -> dict[str, Any]:
    """The distributions that `name=kind:…` stand for: log:LOW:HIGH, uniform:LOW:HIGH, int:LOW:HIGH,
    choice:A,B,…"""
    from ray import tune

    found: dict[str, Any] = {}
    for text in texts:
        name, _, law = text.partition("=")
        kind, _, rest = law.partition(":")
        try:
            if kind == "choice" and rest:
                found[name] = tune.choice([json.loads(part) for part in rest.split(",")])
                continue
            low, high = (float(part) for part in rest.split(":"))
            makers = {"log": tune.loguniform, "uniform": tune.uniform}
            if kind == "int":
                found[name] = tune.randint(int(low), int(high) + 1)
            elif low < high:
                found[name] = makers[kind](low, high)
            else:
                raise ValueError
        except (KeyError, ValueError):
            raise UsageError(
                f"--space is {text!r}, valid are name=log:LOW:HIGH, name=uniform:LOW:HIGH, "
                "name=int:LOW:HIGH and name=choice:A,B"
            ) from None
    if not found:
        raise UsageError("there is nothing to look for: --space name=log:LOW:HIGH")
    return found


def trial(
    parameters: dict[str, Any], archive: bytes, env: str, agent: str, overrides: Sequence[str],
    seeds: Sequence[int], episodes: int, evaluation_seed: int,
) -> dict[str, float]:
    """Trains an agent with some parameters, once per seed, and scores it."""
    set_agent = [*overrides, *(f"{name}={json.dumps(value)}" for name, value in parameters.items())]
    costs = []
    with tempfile.TemporaryDirectory() as out, sweep.working_in(sweep.unpacked(archive)):
        for seed in seeds:
            folder = f"{out}/{seed}"
            _library.operate(
                "learn", file=env, agent=agent, set_agent=set_agent, seed=seed, out=folder)
            answer = _library.operate(
                "evaluate", file=env, policies=[folder], episodes=episodes, seed=evaluation_seed)
            costs.append(answer["policies"][0]["cost_bp_per_year"]["mean"])
    return {"cost": statistics.fmean(costs), "worst": max(costs)}


def search(
    env: str,
    agent: str | Path,
    texts: Sequence[str],
    *,
    overrides: Sequence[str] = (),
    samples: int = 20,
    seeds: Sequence[int] = (1, 2, 3),
    episodes: int = 400,
    evaluation_seed: int = 2_000_000,
    sampler: str = "random",
    address: str | None = None,
    search_seed: int = 1,
) -> list[dict[str, Any]]:
    """The trials, the cheapest first: parameters, cost (mean over seeds, bp a year), worst.

    Args:
        env: a name in `envs/`.
        agent: a file in `agents/`.
        texts: what is looked for, see `space`.
        overrides: "key=value" of the agent in every trial, such as "total_steps=200000".
        sampler: "random", or "optuna", which learns from earlier trials.
        search_seed: of the sampler.
    """
    import ray
    from ray import tune

    file = Path(agent).resolve()
    top = file.parent.parent
    parameters = space(texts)
    archive = sweep.packed(top)
    # What is wrong is said before a cluster starts.
    name = f"envs/{specifications.file(env).name}"
    algorithm = _algorithm(sampler, search_seed)
    # Its tables would stand among our own lines.
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    mine = not ray.is_initialized()
    if mine:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    try:
        shared = ray.put(archive)

        def run(chosen: dict[str, Any]) -> dict[str, Any]:
            try:
                return trial(
                    chosen, ray.get(shared), name, f"agents/{file.name}", overrides, seeds,
                    episodes, evaluation_seed)
            except RebalancingError as error:
                # What the agent refuses is no fault of the cluster's.
                return {"cost": math.inf, "worst": math.inf, "refused": str(error)}

        with tempfile.TemporaryDirectory() as storage:
            tuner = tune.Tuner(
                tune.with_resources(run, {"cpu": 1}),
                param_space=parameters,
                tune_config=tune.TuneConfig(
                    metric="cost", mode="min", num_samples=samples, search_alg=algorithm),
                run_config=tune.RunConfig(storage_path=storage, verbose=0),
            )
            results = tuner.fit()
            ended = [result for result in results if result.error is None]
            if not ended:
                raise RebalancingError(f"every trial failed, the first: {results.errors[0]}")
            refusals = [result.metrics.get("refused") for result in ended]
            if all(refusals):
                raise UsageError(refusals[0])
            rows = [
                {**{key: result.config[key] for key in parameters},
                 "cost": result.metrics["cost"], "worst": result.metrics["worst"]}
                for result in ended
            ]
    finally:
        if mine:
            ray.shutdown()
    return sorted(rows, key=lambda row: row["cost"])


def _algorithm(sampler: str, seed: int) -> Any:
    if sampler == "random":
        from ray.tune.search.basic_variant import BasicVariantGenerator

        return BasicVariantGenerator(random_state=seed)
    if sampler != "optuna":
        raise UsageError(f"the sampler is {sampler}, valid are random, optuna")
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise UsageError("the sampler optuna needs the package: pip install optuna") from None
    from ray.tune.search.optuna import OptunaSearch

    return OptunaSearch(seed=seed)


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0, or the status of the error."""
    parser = argparse.ArgumentParser(
        prog="python -m rebalancing_gym.search", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", required=True, help="a name in envs/")
    parser.add_argument("--agent", required=True, help="a file in agents/")
    parser.add_argument("--space", action="append", default=[], help="what is looked for; repeatable")
    parser.add_argument("--set", action="append", default=[], help="key=value of every trial's agent")
    parser.add_argument("--samples", type=int, default=20, help="trials")
    parser.add_argument("--seeds", default="1,2,3", help="of each trial")
    parser.add_argument("--episodes", type=int, default=400, help="paths that a trial is judged on")
    parser.add_argument("--sampler", default="random", help="random or optuna")
    parser.add_argument("--address", help="the cluster; this machine alone if absent")
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    given = parser.parse_args(arguments)
    try:
        rows = search(
            given.env, given.agent, given.space, overrides=given.set, samples=given.samples,
            seeds=[int(seed) for seed in given.seeds.split(",")], episodes=given.episodes,
            sampler=given.sampler, address=given.address)
    except (RebalancingError, ConnectionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status if isinstance(error, RebalancingError) else UsageError.status
    except KeyboardInterrupt:
        return 130
    if given.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows[:20]:
            words = " ".join(
                f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
                for key, value in row.items() if key not in ("cost", "worst"))
            print(f"{row['cost']:9.4f} bp, worst seed {row['worst']:9.4f}  {words}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
