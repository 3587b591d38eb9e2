"""Policies, scores, exact optima and ledgers from Python, against the command line."""

import csv
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file, save_file

import rebalancing_gym
from rebalancing_gym import DataError, Ledger, Policy, RebalancingEnv, UsageError

# Warnings say nothing of whether answers agree.
onnxruntime.set_default_logger_severity(3)
TOP = Path(__file__).resolve().parents[2]
PROGRAM = TOP / ".build" / "release" / "rebalance"
MONTHLY = "two-asset-monthly-v0"


def rebalance(*arguments):
    run = subprocess.run(
        [PROGRAM, *map(str, arguments)], cwd=TOP, capture_output=True, text=True)
    if run.returncode != 0:
        raise AssertionError(f"{arguments}: {run.stderr}")
    return json.loads(run.stdout)


def trained(folder, name, agent, *overrides):
    """The bundle of an agent that has learned for a few seconds."""
    subprocess.run(
        [PROGRAM, "train", "--env", MONTHLY, "--agent", f"agents/{agent}.yaml", "--out",
         folder / name, "--set", "agent.total_steps=40000",
         *(part for override in overrides for part in ("--set", override))],
        cwd=TOP, check=True, capture_output=True)
    rebalance("export", folder / name, "--out", folder / f"{name}-bundle", "--unevaluated", "--json")
    return folder / f"{name}-bundle"


class Bundles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.network = trained(cls.folder, "network", "ppo")
        cls.actor = trained(cls.folder, "actor", "ppo", "actions=fraction")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_answers_are_those_of_verify(self):
        rows = np.random.default_rng(1).normal(size=(1000, 1)).astype(np.float32) * 2
        rows[7] = np.nan
        save_file({"observation": rows}, self.folder / "rows.safetensors")
        for bundle in (self.network, self.actor):
            answers = self.folder / "answers.safetensors"
            rebalance("verify", bundle, "--observations", self.folder / "rows.safetensors",
                      "--scores", answers, "--json")
            expected = load_file(answers)
            policy = Policy.load(bundle)
            np.testing.assert_array_equal(policy.scores(rows), expected["scores"])
            good = np.delete(rows, 7, axis=0)
            if policy.is_discrete:
                np.testing.assert_array_equal(
                    policy.act(good), np.delete(expected["action"], 7))
                self.assertEqual(policy.act(rows[0]), expected["action"][0])
            else:
                np.testing.assert_array_equal(policy.act(good), np.delete(expected["scores"], 7, 0))
            with self.assertRaisesRegex(UsageError, "refuses observation 7"):
                policy.act(rows)

    def test_a_mask_forbids(self):
        policy = Policy.load(self.network)
        for only in range(3):
            mask = np.arange(3) == only
            self.assertEqual(policy.act([0.3], mask), only)
        with self.assertRaisesRegex(UsageError, "refuses"):
            policy.act([0.3], [False] * 3)
        with self.assertRaisesRegex(UsageError, "no mask"):
            Policy.load(self.actor).act([0.3], [True])

    def test_a_score_is_that_of_the_evaluator(self):
        for bundle, overrides in ((self.network, []), (self.actor, ["actions=fraction"])):
            env = RebalancingEnv(MONTHLY, overrides)
            ours = rebalancing_gym.score(env, Policy.load(bundle), episodes=50, seed=9)
            row = rebalancing_gym.evaluate(env, bundle, episodes=50, seed=9)["policies"][0]
            self.assertAlmostEqual(ours.cost, row["cost_bp_per_year"]["mean"], places=9)
            self.assertAlmostEqual(
                ours.standard_error, row["cost_bp_per_year"]["standard_error"], places=9)
            self.assertAlmostEqual(ours.drift, row["drift_bp"]["mean"], places=9)
            self.assertGreater(ours.transaction, 0)

    def test_paths_that_end_in_ruin_are_scored_as_far_as_they_go(self):
        # So much is taken out that some are left with nothing.
        env = RebalancingEnv("stock-bond-deposits-v0", ["random_flow_mean=-200000"])
        ours = rebalancing_gym.score(env, lambda rows: np.zeros(len(rows), int), episodes=40, seed=5)
        row = rebalancing_gym.evaluate(env, "rule:never", episodes=40, seed=5)["policies"][0]
        self.assertAlmostEqual(ours.cost / row["cost_bp_per_year"]["mean"], 1, places=9)
        self.assertAlmostEqual(
            ours.standard_error / row["cost_bp_per_year"]["standard_error"], 1, places=9)
        envs = rebalancing_gym.RebalancingVectorEnv(
            40, "stock-bond-deposits-v0", ["random_flow_mean=-200000"], autoreset_mode="same_step")
        envs.reset(seed=5)
        ruined = sum(envs.step(np.zeros(40, int))[2] for _ in range(200))
        self.assertTrue(0 < np.count_nonzero(ruined) < 40, ruined)

    def test_a_function_is_a_policy(self):
        always = rebalancing_gym.score(MONTHLY, lambda rows: np.full(len(rows), 2), episodes=30)
        rule = rebalancing_gym.evaluate(MONTHLY, "rule:always", episodes=30)["policies"][0]
        self.assertAlmostEqual(always.cost, rule["cost_bp_per_year"]["mean"], places=9)
        with self.assertRaisesRegex(UsageError, "is no policy"):
            rebalancing_gym.score(MONTHLY, 3)
        with self.assertRaisesRegex(UsageError, "whole numbers are needed"):
            rebalancing_gym.score(MONTHLY, lambda rows: np.full(len(rows), 1.7))

    def test_faults_are_named(self):
        with self.assertRaisesRegex(DataError, "manifest.json: missing"):
            Policy.load(self.folder)
        with self.assertRaisesRegex(DataError, "nothing.pub"):
            Policy.load(self.network, trust=["nothing.pub"])
        policy = Policy.load(self.network)
        with self.assertRaisesRegex(UsageError, r"shape \(2,\)"):
            policy.act([1, 2])
        policy.close()
        with self.assertRaisesRegex(UsageError, "closed"):
            policy.act([1])


class Exact(unittest.TestCase):
    def test_solutions_are_those_of_the_command_line(self):
        for unrestricted in (False, True):
            ours = rebalancing_gym.solve(MONTHLY, unrestricted=unrestricted)
            theirs = rebalance(
                "solve", "--env", MONTHLY, "--json", *(["--unrestricted"] if unrestricted else []))
            self.assertEqual(ours.cost, theirs["cost_bp_per_year"])
            self.assertEqual(list(ours.no_trade), theirs["no_trade"])
        exact = rebalancing_gym.evaluate(MONTHLY, "rule:band(0.05)", exact=True)
        self.assertGreater(exact["policies"][0]["cost_bp_per_year"], ours.cost)
        with self.assertRaisesRegex(UsageError, "four-asset-r1-v0"):
            rebalancing_gym.solve("four-asset-r1-v0")


class Ledgers(unittest.TestCase):
    def test_the_ledger_is_that_of_replay(self):
        file = TOP / "Tests" / "CommandLineTests" / "trades.csv"
        expected = rebalance("tax", "replay", file, "--json")
        ledger = Ledger()
        days = {}
        for row in csv.DictReader(file.read_text().splitlines()):
            fill = {
                "side": row["side"], "asset": row["asset"], "units": float(row["units"]),
                "price": float(row["price"]), "fee": float(row["fee"]), "account": row["account"],
                "kind": row["kind"],
            }
            days.setdefault(row["date"], []).append(fill)
        for day, fills in days.items():
            ledger.trade(day, fills)
        self.assertEqual(ledger.describe(), expected)
        self.assertTrue(ledger.realized)

    def test_a_wash_sale_is_disallowed(self):
        ledger = Ledger(identical=[["VOO", "IVV"]])
        ledger.buy("2024-01-02", "VOO", 10, 100)
        ledger.sell("2024-03-01", "VOO", 10, 90)
        self.assertEqual(ledger.realized[0]["recognized"], -100)
        ledger.buy("2024-03-20", "IVV", 10, 91)
        self.assertEqual(ledger.realized[0]["disallowed"], 100)
        self.assertEqual(ledger.lots[0]["basis"], 1010)

    def test_what_cannot_be_booked_changes_nothing(self):
        ledger = Ledger()
        ledger.buy("2024-01-02", "A", 10, 100)
        before = ledger.describe()
        wrong = [
            ("2024-01-01", "sell", {}, "2024-01-0"),
            ("2024-02-30", "sell", {}, "day is 2024-02-30"),
            ("2024-02-01", "hold", {}, "side is hold"),
            ("2024-02-01", "sell", {"units": 11}, "11|units"),
            ("2024-02-01", "sell", {"price": -1}, "price"),
            ("2024-02-01", "sell", {"selection": "best"}, "selection is best"),
            ("2024-02-01", "sell", {"lot": 2}, "lot"),
            ("2024-02-01", "sell", {"kind": "roth"}, "kind is roth"),
            ("2024-02-01", "buy", {"lot": 1}, "names a lot"),
        ]
        for day, side, more, pattern in wrong:
            fill = {"side": side, "asset": "A", "units": 1, "price": 100, **more}
            with self.subTest(pattern), self.assertRaisesRegex(UsageError, pattern):
                ledger.trade(day, [fill])
            self.assertEqual(ledger.describe(), before)


# A graph as another library writes it.


def graph(layers, activation="Tanh", normaliser=None, gemm=True, inputs=1, end=None):
    """An ONNX model of affine layers; weights are [inputs, outputs]."""
    nodes, constants, value = [], [], "observation"

    def constant(name, values):
        constants.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def apply(operation, *others, **attributes):
        nonlocal value
        output = f"value_{len(nodes)}"
        nodes.append(
            helper.make_node(operation, [value, *others], [output], name=output, **attributes))
        value = output

    if normaliser is not None:
        mean, deviation = normaliser
        apply("Sub", constant("mean", mean))
        apply("Div", constant("deviation", deviation))
    for place, (weights, bias) in enumerate(layers):
        if gemm:
            apply("Gemm", constant(f"w{place}", weights.T), constant(f"b{place}", bias), transB=1)
        else:
            apply("MatMul", constant(f"w{place}", weights))
            apply("Add", constant(f"b{place}", bias))
        if place < len(layers) - 1:
            apply(activation)
    if end:
        apply(end)
    count = layers[0][0].shape[0]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])
        for name, width in [("observation", count), (value, layers[-1][0].shape[1])]]
    extra = [helper.make_tensor_value_info(f"extra{k}", TensorProto.FLOAT, [1])
             for k in range(inputs - 1)]
    model = helper.make_model(
        helper.make_graph(nodes, "policy", [ends[0], *extra], [ends[1]], constants),
        opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def random_layers(rng, *sizes):
    return [
        (rng.normal(size=(a, b)).astype(np.float32), rng.normal(size=b).astype(np.float32))
        for a, b in zip(sizes, sizes[1:])]


class Imports(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.rng = np.random.default_rng(3)

    def exported(self, model, env=MONTHLY, **more):
        onnx.save(model, self.folder / "policy.onnx")
        return rebalancing_gym.export(
            self.folder / "policy.onnx", env, self.folder / "bundle", evaluated=False, **more)

    def test_a_bundle_answers_as_the_graph_it_came_from(self):
        normaliser = (self.rng.normal(size=12), np.exp(self.rng.normal(size=12)))
        for activation in ("Tanh", "Relu"):
            for gemm in (True, False):
                for moments in (None, normaliser):
                    model = graph(
                        random_layers(self.rng, 12, 24, 16, 3), activation, moments, gemm)
                    policy = Policy.load(self.exported(model, "four-asset-r1-v0"))
                    rows = self.rng.normal(size=(500, 12)).astype(np.float32)
                    theirs = onnxruntime.InferenceSession(model.SerializeToString()).run(
                        None, {"observation": rows})[0]
                    scale = np.abs(theirs).max()
                    np.testing.assert_allclose(
                        policy.scores(rows) / scale, theirs / scale, rtol=0, atol=2e-6)
                    ours = onnxruntime.InferenceSession(
                        self.folder / "bundle" / "policy.onnx").run(None, {"observation": rows})
                    np.testing.assert_allclose(ours[0] / scale, theirs / scale, rtol=0, atol=2e-6)

    def test_an_evaluated_bundle_says_where_it_came_from(self):
        onnx.save(graph(random_layers(self.rng, 1, 8, 3)), self.folder / "policy.onnx")
        bundle = rebalancing_gym.export(
            self.folder / "policy.onnx", MONTHLY, self.folder / "from-elsewhere", episodes=20,
            words={"framework": "torch", "algorithm": "PPO"})
        policy = Policy.load(bundle)
        self.assertTrue(policy.description["evaluated"])
        self.assertEqual(policy.name, "from-elsewhere 1.0.0")
        agent = json.loads(policy.description["manifest"]["provenance"]["agent"])
        self.assertEqual(
            agent, {"algorithm": "imported", "trained_by": "PPO", "framework": "torch"})
        # Production takes it like any other.
        request = (TOP / "Tests" / "CommandLineTests" / "request.json").read_text()
        run = subprocess.run(
            [PROGRAM, "decide", "--policy", bundle], cwd=TOP, input=request, text=True,
            capture_output=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        checkpoint = self.folder / "checkpoint"
        rebalance("import", self.folder / "policy.onnx", "--env", MONTHLY, "--out", checkpoint,
                  "--json")
        rows = rebalance("evaluate", "--env", MONTHLY, "--policy", checkpoint, "--exact", "--json")
        self.assertEqual(len(rows["policies"]), 1)

    def test_a_box_is_an_actor(self):
        model = graph(random_layers(self.rng, 1, 8, 1))
        env = RebalancingEnv(MONTHLY, ["actions=fraction"])
        policy = Policy.load(self.exported(model, env))
        self.assertFalse(policy.is_discrete)

    def test_graphs_that_are_no_policies_of_ours_are_refused(self):
        layers = random_layers(self.rng, 1, 4, 3)
        wrong = [
            (graph(layers, "Sigmoid"), "the operator Sigmoid"),
            (graph(layers, inputs=2), "one, the observation, is valid"),
            (graph(layers, end="Tanh"), "ends with an activation"),
            (graph(random_layers(self.rng, 1, 4, 4)), "4 outputs; two-asset-monthly-v0 has 1 feat"),
            (graph(random_layers(self.rng, 2, 4, 3)), "2 inputs"),
            (graph([(np.full((1, 3), np.nan), np.zeros(3))]), "not finite"),
        ]
        for model, pattern in wrong:
            with self.subTest(pattern), self.assertRaisesRegex(DataError, pattern):
                self.exported(model)
        (self.folder / "policy.onnx").write_bytes(b"no graph")
        with self.assertRaisesRegex(DataError, "policy.onnx: not a graph|no affine|inputs"):
            rebalancing_gym.export(
                self.folder / "policy.onnx", MONTHLY, self.folder / "bundle", evaluated=False)
        self.assertFalse((self.folder / "bundle").exists())
        with self.assertRaisesRegex(UsageError, "int is not known"):
            rebalancing_gym.export(3, MONTHLY, self.folder / "bundle")


if __name__ == "__main__":
    unittest.main()
