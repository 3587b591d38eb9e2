"""One portfolio in Gymnasium: its contract, its errors, and that it is the command line's portfolio."""

import copy
import json
import math
import pickle
import subprocess
import unittest
import warnings
from pathlib import Path

import gymnasium
import numpy as np
from gymnasium.utils.env_checker import check_env

import rebalancing_gym
from rebalancing_gym import RebalancingEnv, UsageError, specifications

TOP = Path(__file__).resolve().parents[2]
PROGRAM = TOP / ".build" / "release" / "rebalance"
IDS = [specifications.environment_id(file) for file in specifications.files()]


def play(env, seed, steps=40, action=lambda step: step % 3):
    """Observations and rewards of a few steps."""
    rows = [env.reset(seed=seed)[0]]
    rewards = []
    for step in range(steps):
        observation, reward, terminated, truncated, _ = env.step(action(step))
        rows.append(observation)
        rewards.append(reward)
        if terminated or truncated:
            rows.append(env.reset()[0])
    return np.concatenate(rows), np.array(rewards)


class Contract(unittest.TestCase):
    def test_every_specification_is_registered(self):
        files = sorted((TOP / "envs").glob("*.yaml"))
        self.assertEqual(len(IDS), len(files))
        self.assertIn("rebalancing_gym/TwoAssetMonthly-v0", IDS)
        self.assertLessEqual(set(IDS), set(gymnasium.registry))

    def test_the_checker_of_gymnasium_has_nothing_to_say(self):
        for name in IDS:
            for actions in ("list", "fraction", "destination"):
                overrides = [] if actions == "list" else [f"actions={actions}"]
                with self.subTest(name, actions=actions), warnings.catch_warnings():
                    warnings.simplefilter("error")
                    env = gymnasium.make(name, overrides=overrides, render_mode="rgb_array")
                    check_env(env.unwrapped)

    def test_the_same_seed_gives_the_same_bits(self):
        for name in IDS:
            with self.subTest(name):
                first = play(gymnasium.make(name), 7)
                again = play(gymnasium.make(name), 7)
                other = play(gymnasium.make(name), 8)
                for a, b in zip(first, again):
                    np.testing.assert_array_equal(a, b)
                # What has been happens once, whatever the seed, if it begins on a fixed day.
                text = specifications.file(name).read_text()
                is_replay = "market: historical" in text and "episode_start: random" not in text
                self.assertEqual(np.array_equal(first[0], other[0]), is_replay)

    def test_a_seed_that_is_not_given_is_drawn(self):
        env = gymnasium.make("rebalancing_gym/TwoAssetMonthly-v0")
        env.reset()
        first = [env.step(0)[0].tolist() for _ in range(5)]
        other = gymnasium.make("rebalancing_gym/TwoAssetMonthly-v0")
        other.reset()
        self.assertNotEqual(first, [other.step(0)[0].tolist() for _ in range(5)])

    def test_an_episode_ends_once_and_is_then_refused(self):
        env = gymnasium.make("rebalancing_gym/TwoAssetMonthly-v0").unwrapped
        env.reset(seed=1)
        ends = [env.step(1)[2:4] for _ in range(120)]
        self.assertEqual(ends, [(False, False)] * 119 + [(False, True)])
        with self.assertRaisesRegex(UsageError, "copy 0 has ended"):
            env.step(1)
        env.reset()
        env.step(1)

    def test_info_tells_what_a_step_cost(self):
        env = gymnasium.make("rebalancing_gym/TwoAssetMonthly-v0")
        _, info = env.reset(seed=3)
        self.assertEqual(info["value_after"], 1.0)
        value = 1.0
        for step in range(120):
            _, reward, _, _, info = env.step(2 if step % 12 == 11 else 0)
            charged = info["transaction_cost"] + info["tax_cost"]
            value *= (1 - charged) * (1 + info["portfolio_return"])
            self.assertAlmostEqual(info["value_after"] / value, 1, delta=1e-12)
            self.assertAlmostEqual(reward, -1e4 * (charged + info["drift_cost"]), places=5)
            self.assertEqual(info["action_mask"].tolist(), [1, 1, 1])
        self.assertTrue(env.unwrapped.action_masks().all())


class Copies(unittest.TestCase):
    def test_copies_and_pickles_continue_alike(self):
        for name in IDS:
            env = gymnasium.make(name).unwrapped
            env.reset(seed=5)
            for step in range(30):
                env.step(step % 3)
            for make in (copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))):
                with self.subTest(name):
                    original, twin = copy.deepcopy(env), make(env)
                    for step in range(60):
                        a, b = original.step(step % 3), twin.step(step % 3)
                        np.testing.assert_array_equal(a[0], b[0])
                        self.assertEqual(a[1:4], b[1:4])
                        if a[2] or a[3]:
                            np.testing.assert_array_equal(original.reset()[0], twin.reset()[0])


class Errors(unittest.TestCase):
    def refuses(self, pattern, *arguments, **more):
        with self.assertRaisesRegex(UsageError, pattern):
            RebalancingEnv(*arguments, **more)

    def test_specifications_that_cannot_be(self):
        self.refuses("no environment is called so", "nothing-v0")
        self.refuses("cannot be read|no such", "nothing.yaml")
        self.refuses("cost_per_units", "two-asset-monthly-v0", ["cost_per_units=1"])
        self.refuses("risk_aversion", "two-asset-monthly-v0", ["risk_aversion=-1"])
        self.refuses("first_copy is -1", "two-asset-monthly-v0", first_copy=-1)
        self.refuses("render_mode is 'human'", "two-asset-monthly-v0", render_mode="human")

    def test_calls_that_cannot_be(self):
        env = RebalancingEnv("two-asset-monthly-v0")
        with self.assertRaisesRegex(UsageError, "no episode has begun"):
            env.step(0)
        for seed in (-1, 1 << 64):
            with self.assertRaisesRegex((ValueError, gymnasium.error.Error), "[Ss]eed"):
                env.reset(seed=seed)
        env.reset(seed=1)
        for action in (-1, 3, 2**31 - 1):
            with self.assertRaisesRegex(UsageError, "is not one of 0 ..< 3"):
                env.step(action)
        for action in (1.5, "1", None, [0, 1]):
            with self.assertRaises(TypeError):
                env.step(action)
        # Nothing of this has moved it.
        expected = RebalancingEnv("two-asset-monthly-v0")
        expected.reset(seed=1)
        self.assertEqual(env.step(1)[1], expected.step(1)[1])
        env.close()
        env.close()
        for call in (lambda: env.step(0), lambda: env.reset(seed=1)):
            with self.assertRaisesRegex(UsageError, "closed"):
                call()

    def test_points_of_a_box_must_be_finite(self):
        env = RebalancingEnv("two-asset-monthly-v0", ["actions=fraction"])
        env.reset(seed=1)
        for value in (math.nan, math.inf):
            with self.assertRaisesRegex(UsageError, "the action holds"):
                env.step([value])
        # What lies outside counts as the nearest that does not.
        near, far = copy.deepcopy(env), copy.deepcopy(env)
        self.assertEqual(near.step([1.0])[1], far.step([7.0])[1])


class Rendering(unittest.TestCase):
    def test_text_fits_eighty_columns(self):
        for name in IDS:
            env = gymnasium.make(name, render_mode="ansi")
            env.reset(seed=1)
            env.step(2)
            text = env.render()
            with self.subTest(name):
                self.assertLessEqual(max(map(len, text.splitlines())), 80)
                self.assertIn("step 1 of", text)

    def test_long_names_fit_too(self):
        description = {
            "id": "x", "horizon_steps": 1, "assets": ["A" * 40, "B"], "targets": [1.0, 0.0]}
        held = {"step": 0, "value": 1e15, "weights": [1.0, 0.0]}
        text = rebalancing_gym.rendering.text(description, held, rebalancing_gym.rendering.History())
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        self.assertIn("####", text)

    def test_a_frame_shows_weights_targets_and_costs(self):
        env = gymnasium.make("rebalancing_gym/FiveAssetRegimes-v0", render_mode="rgb_array")
        env.reset(seed=1)
        empty = env.render()
        for step in range(60):
            env.step(2 if step % 20 == 19 else 0)
        frame = env.render()
        self.assertEqual((frame.shape, frame.dtype), ((300, 400, 3), np.uint8))
        colours = {tuple(colour) for colour in frame.reshape(-1, 3)}
        for name in ("weight", "target", "drift_cost", "transaction_cost"):
            self.assertIn(rebalancing_gym.rendering._COLOURS[name], colours)
        self.assertFalse(np.array_equal(empty, frame))


class CommandLine(unittest.TestCase):
    def test_the_portfolio_is_that_of_simulate(self):
        run = subprocess.run(
            [PROGRAM, "simulate", "--env", "four-asset-r1-v0", "--policy", "rule:always",
             "--seed", "11", "--json"], cwd=TOP, capture_output=True, text=True, check=True)
        steps = json.loads(run.stdout)["steps"]
        env = RebalancingEnv("four-asset-r1-v0", ["precision=double"])
        env.reset(seed=11)
        for step in steps:
            info = env.step(2)[4]
            self.assertEqual(info["value_after"], step["value_after"])
            self.assertAlmostEqual(info["transaction_cost"] * 1e4, step["transaction_bp"], places=12)
        self.assertEqual(len(steps), 252)


if __name__ == "__main__":
    unittest.main()
