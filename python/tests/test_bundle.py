"""Policy bundles as other programs read them: the graph by onnx and onnxruntime, the weights by
safetensors.

Run by scripts/test, in the virtual environment .build/python. Every policy answers the same 100,000
observations twice: by `rebalance verify --observations`, which is what evaluation and production run,
and by onnxruntime.
"""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

TOP = Path(__file__).resolve().parents[2]
PROGRAM = TOP / ".build" / "release" / "rebalance"
STATES = 100_000
TOLERANCE = 1e-5

# A policy of each kind, and what trains it in a few seconds: environment, agent, steps, overrides.
KINDS = {
    "table": ("two-asset-monthly-v0", "q-learning", 40_000, []),
    "tilings": (
        "two-asset-monthly-v0", "sarsa", 40_000,
        ["agent.tilings=4", "observation=[weight_deviation]", "agent.bins=[9,7]",
         "agent.low=[-0.3,-0.3]", "agent.high=[0.3,0.3]"]),
    "network": ("two-asset-monthly-v0", "ppo", 40_000, []),
    "relu": ("two-asset-monthly-v0", "dqn", 20_000, ["agent.activation=relu"]),
    "actor": ("two-asset-monthly-v0", "ppo", 40_000, ["actions=fraction"]),
    "band": ("two-asset-monthly-v0", "post-decision", 40_000, ["actions=fraction"]),
    "destination": ("three-asset-myrgren-v0", "post-decision", 40_000, ["actions=destination"]),
}


def rebalance(*arguments):
    run = subprocess.run(
        [PROGRAM, *map(str, arguments)], cwd=TOP, capture_output=True, text=True)
    if run.returncode != 0:
        raise AssertionError(f"{arguments}: {run.stderr}")
    return json.loads(run.stdout)


def states(schema, random):
    """Observations over the schema's ranges: near, far, at the edges, on a grid of ties, and invalid."""
    columns = schema["columns"]
    low = np.array([c.get("low", -np.inf) for c in columns], dtype=np.float64)
    high = np.array([c.get("high", np.inf) for c in columns], dtype=np.float64)
    mean = np.array([c["training_mean"] for c in columns])
    deviation = np.maximum([c["training_deviation"] for c in columns], 1e-6)
    # Where a range has no end, 30 deviations of training are one.
    low = np.where(np.isfinite(low), low, mean - 30 * deviation)
    high = np.where(np.isfinite(high), high, mean + 30 * deviation)
    n, width = STATES, len(columns)
    rows = mean + deviation * random.normal(size=(n, width)) * random.choice([1, 4, 12], size=(n, 1))
    wide = np.arange(n) % 4 == 0
    rows[wide] = random.uniform(low, high, size=(wide.sum(), width))
    # Round numbers are where bins and bands end.
    grid = np.arange(n) % 4 == 1
    rows[grid] = np.round(rows[grid], 2)
    rows = np.clip(rows, low, high).astype(np.float32)
    rows[0], rows[1], rows[2] = low, high, 0
    rows[3:9] = mean
    for row, value in zip(range(3, 9), [np.nan, np.inf, -np.inf] * 2):
        rows[row, random.integers(width)] = value
    return rows


class BundleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        for kind, (env, agent, steps, overrides) in KINDS.items():
            checkpoint = cls.folder / f"{kind}-checkpoint"
            sets = [word for override in overrides for word in ("--set", override)]
            rebalance(
                "train", "--env", env, "--agent", f"agents/{agent}.yaml", "--seed", 1, "--steps",
                steps, "--out", checkpoint, "--json", *sets)
            rebalance("export", checkpoint, "--out", cls.folder / kind, "--unevaluated", "--json")

    def load(self, kind):
        path = self.folder / kind
        options = onnxruntime.SessionOptions()
        # It warns of inputs that may be left out, such as action_mask.
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            str(path / "policy.onnx"), options, providers=["CPUExecutionProvider"])
        return path, json.loads((path / "feature_schema.json").read_text()), session

    def ours(self, path, **tensors):
        """The answers of the program to a batch."""
        batch, answers = self.folder / "batch.safetensors", self.folder / "answers.safetensors"
        save_file({name: np.ascontiguousarray(t) for name, t in tensors.items()}, batch)
        rebalance("verify", path, "--observations", batch, "--scores", answers, "--json")
        return load_file(answers)

    def test_is_a_model_by_the_checker(self):
        for kind in KINDS:
            with self.subTest(kind):
                path = self.folder / kind
                model = onnx.load(path / "policy.onnx")
                onnx.checker.check_model(model, full_check=True)
                self.assertEqual(model.ir_version, 8)
                self.assertEqual([(o.domain, o.version) for o in model.opset_import], [("", 17)])
                self.assertEqual(
                    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param, "batch")

    def test_says_whose_it_is(self):
        for kind, (_, *_) in KINDS.items():
            with self.subTest(kind):
                path, schema, session = self.load(kind)
                manifest = json.loads((path / "manifest.json").read_text())
                words = session.get_modelmeta().custom_metadata_map
                self.assertEqual(words["policy_sha256"], manifest["files"]["policy.safetensors"])
                self.assertEqual(words["environment"], manifest["environment"]["id"])
                self.assertEqual(words["name"], manifest["name"])
                self.assertEqual(words["version"], manifest["version"])
                self.assertEqual(json.loads(words["actions"]), manifest["actions"])
                self.assertEqual(
                    json.loads(words["features"]), [c["name"] for c in schema["columns"]])

    def test_answers_as_the_program_does(self):
        for place, kind in enumerate(KINDS):
            with self.subTest(kind):
                path, schema, session = self.load(kind)
                rows = states(schema, np.random.default_rng(place))
                scores, action = session.run(["scores", "action"], {"observation": rows})
                ours = self.ours(path, observation=rows)
                self.compare(kind, rows, scores, action, ours)

    def compare(self, kind, rows, scores, action, ours):
        valid = np.isfinite(rows).all(axis=1)
        self.assertTrue(np.isnan(scores[~valid]).all())
        self.assertTrue(np.isnan(ours["scores"][~valid]).all())
        self.assertTrue(np.isfinite(scores[valid]).all())
        difference = np.abs(scores[valid].astype(np.float64) - ours["scores"][valid]).max(axis=1)
        if "action" not in ours:
            self.assertTrue(np.array_equal(action, scores, equal_nan=True))
            # To stay is all zero, to move by next to nothing is whole weights: no number is between.
            stays = (scores[valid] == 0).all(axis=1) != (ours["scores"][valid] == 0).all(axis=1)
            difference = difference[~stays] if kind == "destination" else difference
            print(f"\n{kind}: {valid.sum()} states, scores differ by {difference.max():.1e} at most, "
                  f"{stays.sum()} at the edge of staying")
            self.assertLess(stays.mean(), 1e-4)
            self.assertLessEqual(difference.max(), TOLERANCE)
            return
        self.assertLessEqual(difference.max(), TOLERANCE)
        self.assertTrue((action[~valid] == -1).all())
        self.assertTrue((ours["action"][~valid] == -1).all())
        best = np.sort(ours["scores"][valid], axis=1)
        clear = best[:, -1] - best[:, -2] > TOLERANCE
        same = action[valid] == ours["action"][valid]
        print(f"\n{kind}: {valid.sum()} states, scores differ by {difference.max():.1e} at most; of "
              f"{(~clear).sum()} near ties {(~same).sum()} are decided otherwise")
        self.assertTrue(same[clear].all())
        self.assertGreater(len(set(action[valid])), 1)

    def test_forbids_actions(self):
        for kind in ["table", "tilings", "network", "relu"]:
            with self.subTest(kind):
                path, schema, session = self.load(kind)
                random = np.random.default_rng(7)
                rows = states(schema, random)
                actions = session.get_outputs()[0].shape[1]
                mask = random.random((len(rows), actions)) < 0.5
                scores, action = session.run(
                    ["scores", "action"], {"observation": rows, "action_mask": mask})
                ours = self.ours(path, observation=rows, action_mask=mask.astype(np.uint8))
                valid = np.isfinite(rows).all(axis=1)
                some = mask.any(axis=1)
                self.assertTrue((action[~some] == -1).all())
                self.assertTrue((ours["action"][~some] == -1).all())
                asked = valid & some
                self.assertTrue(mask[asked, action[asked]].all())
                self.assertTrue((scores[valid][~mask[valid]] == -np.inf).all())
                with np.errstate(invalid="ignore"):
                    best = np.sort(ours["scores"][asked], axis=1)
                    clear = best[:, -1] - best[:, -2] > TOLERANCE
                self.assertTrue((action[asked] == ours["action"][asked])[clear].all())

    def test_takes_the_first_of_equals(self):
        path, schema, session = self.load("tilings")
        rows = states(schema, np.random.default_rng(3))
        scores, action = session.run(["scores", "action"], {"observation": rows})
        valid = np.isfinite(rows).all(axis=1)
        ties = (scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1
        self.assertTrue((action[valid] == scores[valid].argmax(axis=1)).all())
        self.assertGreater((ties & valid).sum(), 0)
        print(f"\ntilings: {(ties & valid).sum()} exact ties")

    def test_answers_one_and_none_and_many(self):
        path, schema, session = self.load("network")
        rows = states(schema, np.random.default_rng(5))[9:1009]
        whole = session.run(["scores"], {"observation": rows})[0]
        single = np.concatenate(
            [session.run(["scores"], {"observation": row[None]})[0] for row in rows])
        self.assertLessEqual(np.abs(whole - single).max(), TOLERANCE)
        self.assertEqual(len(session.run(["scores"], {"observation": rows[:0]})[0]), 0)

    def test_weights_are_safetensors(self):
        for kind in KINDS:
            with self.subTest(kind):
                with safe_open(self.folder / kind / "policy.safetensors", "numpy") as file:
                    tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                    self.assertIn("kind", file.metadata())
                self.assertTrue(tensors)
                for tensor in tensors.values():
                    self.assertTrue(np.isfinite(tensor).all())

    def test_conformance_holds_in_onnxruntime(self):
        for kind in KINDS:
            with self.subTest(kind):
                path, _, session = self.load(kind)
                lines = (path / "conformance.jsonl").read_text().splitlines()
                vectors = [json.loads(line) for line in lines]
                self.assertGreaterEqual(len(vectors), 2000)
                rows = np.array([v["observation"] for v in vectors], dtype=np.float64)
                given = {"observation": rows.astype(np.float32)}
                if kind in NAMED:
                    width = session.get_outputs()[0].shape[1]
                    given["action_mask"] = np.array(
                        [v.get("mask", [True] * width) for v in vectors])
                answers = session.run(["scores", "action"], given)
                for vector, scores, action in zip(vectors, *answers):
                    self.meets(vector, scores, action, kind in NAMED)

    def meets(self, vector, scores, action, has_number):
        """Whether an answer is the one of a vector."""
        if not vector["scores"]:
            self.assertTrue(action == -1 if has_number else np.isnan(action).all())
            return
        expected = np.array(vector["scores"], dtype=np.float64)
        finite = np.isfinite(expected)
        self.assertTrue((scores[~finite] == -np.inf).all())
        self.assertLessEqual(np.abs(scores[finite] - expected[finite]).max(), TOLERANCE)
        best = np.sort(expected)
        if has_number and best[-1] - best[-2] > TOLERANCE:
            self.assertEqual(action, vector["action"])


# Kinds whose actions have numbers.
NAMED = {"table", "tilings", "network", "relu"}

if __name__ == "__main__":
    unittest.main()
