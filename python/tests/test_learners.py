"""Other people's learners on our environment, and their way into production. Needs torch,
Stable-Baselines3 and Ray; `scripts/test --all` installs them."""

import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

try:
    import torch
except ImportError:
    torch = None

import numpy as np

import rebalancing_gym
from rebalancing_gym import DataError, Policy, RebalancingEnv, UsageError

TOP = Path(__file__).resolve().parents[2]
EXAMPLES = TOP / "python" / "examples"
MONTHLY = "two-asset-monthly-v0"


@unittest.skipIf(torch is None, "torch, Stable-Baselines3 or Ray is not installed")
class Learners(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sys.path.insert(0, str(EXAMPLES))

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def test_the_checker_of_stable_baselines_has_nothing_to_say(self):
        from stable_baselines3.common.env_checker import check_env

        for file in rebalancing_gym.specifications.files():
            for overrides in ([], ["actions=fraction"]):
                with self.subTest(file.stem, overrides=overrides), warnings.catch_warnings():
                    warnings.simplefilter("error")
                    # It would rather have [-1, 1] for every box; a fraction is from 0 to 1.
                    warnings.filterwarnings("ignore", message=".*symmetric and normalized.*")
                    check_env(RebalancingEnv(file, overrides))

    def test_every_example_runs(self):
        short = {
            "sb3_learners.py": ["--steps", "4096"],
            "cleanrl_ppo.py": ["--steps", "4096"],
            "rllib_ppo.py": ["--steps", "2048"],
        }
        for name, arguments in short.items():
            out = self.folder / name
            run = subprocess.run(
                [sys.executable, EXAMPLES / name, *arguments, "--episodes", "20", "--out", out],
                cwd=TOP, capture_output=True, text=True)
            with self.subTest(name):
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertIn("bp a year", run.stdout)
                self.assertTrue(list(out.rglob("manifest.json")))

    def test_a_policy_decides_in_production_as_in_torch(self):
        import sb3_learners

        rows = np.random.default_rng(1).normal(size=(2000, 1)).astype(np.float32) * 3
        for name in ("ppo", "dqn"):
            model = sb3_learners.train(name, MONTHLY, 8192, 1)
            bundle = rebalancing_gym.export(model, MONTHLY, self.folder / name, evaluated=False)
            policy = Policy.load(bundle)
            with torch.no_grad():
                tensor = torch.from_numpy(rows)
                if name == "ppo":
                    expected = model.policy.get_distribution(tensor).distribution.logits.numpy()
                    # Logits are known up to a constant.
                    ours = policy.scores(rows)
                    ours = ours - np.log(np.exp(ours).sum(axis=1, keepdims=True))
                else:
                    expected, ours = model.q_net(tensor).numpy(), policy.scores(rows)
            np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-4)
            np.testing.assert_array_equal(
                policy.act(rows), model.predict(rows, deterministic=True)[0])

    def test_learning_lowers_the_cost(self):
        import cleanrl_ppo

        before = rebalancing_gym.evaluate(MONTHLY, "rule:always", episodes=200)
        actor = cleanrl_ppo.train(MONTHLY, 120_000, 1)
        after = rebalancing_gym.score(MONTHLY, cleanrl_ppo.greedy(actor), episodes=200)
        self.assertLess(after.cost, before["policies"][0]["cost_bp_per_year"]["mean"] / 1.5)

    def test_a_normaliser_becomes_part_of_the_policy(self):
        torch.manual_seed(1)

        class Normalised(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.mean, self.deviation = torch.randn(12), torch.rand(12) + 0.5
                self.net = torch.nn.Sequential(
                    torch.nn.Linear(12, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))

            def forward(self, observations):
                return self.net((observations - self.mean) / self.deviation)

        module = Normalised()
        bundle = rebalancing_gym.export(
            module, "four-asset-r1-v0", self.folder / "bundle", evaluated=False)
        rows = np.random.default_rng(2).normal(size=(500, 12)).astype(np.float32)
        with torch.no_grad():
            expected = module(torch.from_numpy(rows)).numpy()
        np.testing.assert_allclose(Policy.load(bundle).scores(rows), expected, rtol=0, atol=1e-5)

    def test_modules_that_cannot_be_exported_are_refused(self):
        wrong = [
            (torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.GELU(), torch.nn.Linear(4, 3)),
             DataError, "the operator"),
            (torch.nn.Linear(1, 4), DataError, "4 outputs"),
            (object(), UsageError, "object is not known"),
        ]
        for module, kind, pattern in wrong:
            with self.subTest(pattern), self.assertRaisesRegex(kind, pattern):
                rebalancing_gym.export(module, MONTHLY, self.folder / "bundle", evaluated=False)
            self.assertFalse((self.folder / "bundle").exists())

    def test_a_search_finds_the_better_half(self):
        import json

        run = subprocess.run(
            [sys.executable, "-m", "rebalancing_gym.search", "--env", MONTHLY, "--agent",
             "agents/q-learning.yaml", "--space", "total_steps=choice:2000,400000", "--samples",
             "6", "--seeds", "1", "--episodes", "100", "--json"],
            cwd=TOP, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        rows = json.loads(run.stdout)
        self.assertEqual(len(rows), 6)
        self.assertEqual(rows[0]["total_steps"], 400000)
        self.assertEqual(rows, sorted(rows, key=lambda row: row["cost"]))
        for space, pattern in (("x=lg:1:2", "--space is"), ("lear=log:1:2", "unknown key")):
            run = subprocess.run(
                [sys.executable, "-m", "rebalancing_gym.search", "--env", MONTHLY, "--agent",
                 "agents/ppo.yaml", "--space", space, "--samples", "1"],
                cwd=TOP, capture_output=True, text=True)
            self.assertEqual(run.returncode, 64, run.stderr)
            self.assertIn(pattern, run.stderr)


if __name__ == "__main__":
    unittest.main()
