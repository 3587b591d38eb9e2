"""Networks that were trained in Python, as policy bundles for production."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import _library
from ._library import UsageError
from .evaluation import EnvironmentLike, _specification


def export(
    policy: Any,
    env: EnvironmentLike,
    out: str | Path,
    *,
    name: str | None = None,
    version: str = "1.0.0",
    checkpoint: str | Path | None = None,
    words: Mapping[str, str] | None = None,
    seed: int = 0,
    steps: int = 0,
    rules: Sequence[str] = (),
    episodes: int = 200,
    evaluated: bool = True,
    key: str | Path | None = None,
) -> Path:
    """Writes a bundle that `rebalance serve` and every other consumer of bundles loads.

    The network becomes a graph in the ONNX format, a checkpoint, a comparison with rules on the same
    paths, and the bundle, which holds guards calibrated on the environment.

    Args:
        policy: a `torch.nn.Module` that maps observations [batch, features] to scores
            [batch, actions], or to points of a box [batch, dimensions]: linear layers with tanh or relu
            between them; or a PPO, A2C or DQN model of Stable-Baselines3; or an ONNX file.
        env: the environment that it was trained on.
        out: the bundle's folder.
        name: the policy's; that of the folder if absent.
        checkpoint: where the checkpoint stays; thrown away if absent.
        words: what the model card says of the training, such as framework and algorithm.
        rules: compared with besides the usual ones.
        evaluated: false leaves the comparison out, and the bundle says so.
        key: a private key that signs the bundle.
    """
    file, overrides = _specification(env)
    module, found = _module(policy)
    known = {**found, **(words or {})}
    with tempfile.TemporaryDirectory() as temporary:
        graph = Path(policy) if isinstance(policy, (str, Path)) else Path(temporary) / "policy.onnx"
        if module is not None:
            write_graph(module, _features(file, overrides), graph)
        folder = Path(checkpoint) if checkpoint else Path(temporary) / (name or Path(out).name)
        _library.operate(
            "import", file=str(file), set=overrides, graph=str(graph), out=str(folder), seed=seed,
            steps=steps, words=known,
        )
        if evaluated:
            _library.operate(
                "record", checkpoint=str(folder), file=str(file), set=overrides, rules=list(rules),
                episodes=episodes,
            )
        _library.operate(
            "export", checkpoint=str(folder), out=str(out), name=name or Path(out).name,
            version=version, key=str(key) if key else None, unevaluated=not evaluated,
        )
    return Path(out)


def write_graph(module: Any, features: int, file: str | Path) -> None:
    """Writes a `torch.nn.Module` of `features` inputs as a graph in the ONNX format."""
    import torch

    example = torch.zeros(1, features)
    was_training = module.training
    module.eval()
    with warnings.catch_warnings():
        # The exporter of old writes a layer as one operator, and needs no package but torch and onnx.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            module, (example,), str(file), input_names=["observation"], output_names=["scores"],
            dynamic_axes={"observation": {0: "batch"}, "scores": {0: "batch"}}, opset_version=17,
            dynamo=False,
        )
    module.train(was_training)


def _features(file: Path, overrides: Sequence[str]) -> int:
    from ._core import Core

    core = Core(file, overrides)
    core.close()
    return len(core.description["features"])


def _module(policy: Any) -> tuple[Any, dict[str, str]]:
    """The network that answers, and what its kind says of the training; no network for a file."""
    if isinstance(policy, (str, Path)):
        return None, {}
    inner = getattr(policy, "policy", None)
    if inner is not None and hasattr(inner, "mlp_extractor"):
        _require_plain(inner)
        import torch

        network = torch.nn.Sequential(inner.mlp_extractor.policy_net, inner.action_net)
        return network, _words(policy)
    if inner is not None and hasattr(inner, "q_net"):
        return inner.q_net.q_net, _words(policy)
    if hasattr(policy, "state_dict") and callable(policy):
        return policy, {"framework": "torch"}
    raise UsageError(
        f"{type(policy).__name__} is not known; a torch.nn.Module, a PPO, A2C or DQN model of "
        "Stable-Baselines3 and an ONNX file are valid"
    )


def _words(model: Any) -> dict[str, str]:
    return {"framework": "stable-baselines3", "algorithm": type(model).__name__}


def _require_plain(policy: Any) -> None:
    if getattr(policy, "squash_output", False):
        raise UsageError("a policy that squashes its output ends with an activation")
    extractor = type(policy.features_extractor).__name__
    if extractor != "FlattenExtractor":
        raise UsageError(f"the features extractor is {extractor}, valid is FlattenExtractor")
