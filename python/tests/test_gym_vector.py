"""Many portfolios in Gymnasium, against as many single ones that Gymnasium itself keeps."""

import unittest
from pathlib import Path

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rebalancing_gym import RebalancingEnv, RebalancingVectorEnv, UsageError

HORIZON = ["horizon_steps=7"]
NAMES = ["two-asset-monthly-v0", "four-asset-r1-v0", "taxable-eight-asset-v0"]
COUNT = 5


def pair(name, mode, overrides=HORIZON, **more):
    """The same copies here and in Gymnasium's own vector environment."""
    ours = RebalancingVectorEnv(COUNT, name, overrides, autoreset_mode=mode, **more)
    theirs = SyncVectorEnv(
        [lambda i=i: RebalancingEnv(name, overrides, first_copy=i) for i in range(COUNT)],
        autoreset_mode=mode)
    return ours, theirs


class Autoreset(unittest.TestCase):
    def compare_infos(self, ours, theirs):
        self.assertEqual(set(ours), set(theirs))
        for key, value in theirs.items():
            if isinstance(value, dict):
                self.compare_infos(ours[key], value)
                continue
            mask = theirs.get(f"_{key}")
            if mask is None:
                np.testing.assert_array_equal(ours[key], value, err_msg=key)
                continue
            if key == "final_obs":
                # Gymnasium has a list of arrays here.
                self.assertFalse(ours[key][~mask].any())
                np.testing.assert_array_equal(ours[key][mask], np.stack(list(value[mask])))
            else:
                np.testing.assert_array_equal(ours[key], value, err_msg=key)

    def compare(self, ours, theirs):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_allclose(ours[1], theirs[1], rtol=0, atol=0)
        np.testing.assert_array_equal(ours[2], theirs[2])
        np.testing.assert_array_equal(ours[3], theirs[3])
        self.compare_infos(ours[4], theirs[4])

    def test_every_mode_is_gymnasiums_own(self):
        for name in NAMES:
            for mode in AutoresetMode:
                with self.subTest(name, mode=mode):
                    ours, theirs = pair(name, mode)
                    self.assertEqual(ours.metadata["autoreset_mode"], mode)
                    a, b = ours.reset(seed=3), theirs.reset(seed=[3] * COUNT)
                    np.testing.assert_array_equal(a[0], b[0])
                    self.compare_infos(a[1], b[1])
                    ends = 0
                    for step in range(40):
                        actions = np.array([(step + i) % 3 for i in range(COUNT)])
                        a, b = ours.step(actions), theirs.step(actions)
                        self.compare(a, b)
                        ended = a[2] | a[3]
                        ends += int(ended.sum())
                        if mode is AutoresetMode.DISABLED and ended.any():
                            options = {"reset_mask": ended}
                            a = ours.reset(options=dict(options))
                            b = theirs.reset(options=dict(options))
                            np.testing.assert_array_equal(a[0], b[0])
                            self.compare_infos(a[1], b[1])
                    self.assertGreaterEqual(ends, 4 * COUNT)

    def test_copies_that_end_apart_are_told_apart(self):
        # With masks some copies begin later than others, in all modes.
        for mode in AutoresetMode:
            ours, theirs = pair("two-asset-monthly-v0", mode)
            ours.reset(seed=1), theirs.reset(seed=[1] * COUNT)
            for step in range(30):
                actions = np.full(COUNT, step % 3)
                a, b = ours.step(actions), theirs.step(actions)
                with self.subTest(mode=mode, step=step):
                    self.compare(a, b)
                mask = np.array([step == 2 + i for i in range(COUNT)])
                if mode is AutoresetMode.DISABLED:
                    mask |= a[2] | a[3]
                if mask.any():
                    a = ours.reset(options={"reset_mask": mask})
                    b = theirs.reset(options={"reset_mask": mask})
                    np.testing.assert_array_equal(a[0], b[0])

    def test_a_reset_without_seed_begins_the_next_episodes(self):
        ours, theirs = pair("four-asset-r1-v0", AutoresetMode.NEXT_STEP)
        ours.reset(seed=9), theirs.reset(seed=[9] * COUNT)
        for _ in range(3):
            ours.step(np.zeros(COUNT, int)), theirs.step(np.zeros(COUNT, int))
        np.testing.assert_array_equal(ours.reset()[0], theirs.reset()[0])
        actions = np.zeros(COUNT, int)
        np.testing.assert_array_equal(ours.step(actions)[0], theirs.step(actions)[0])


class Interface(unittest.TestCase):
    def test_make_vec_gives_the_native_one(self):
        envs = gymnasium.make_vec("rebalancing_gym/FourAssetR1-v0", num_envs=3)
        self.assertIsInstance(envs.unwrapped, RebalancingVectorEnv)
        self.assertEqual(envs.observation_space.shape, (3, 12))
        sync = gymnasium.make_vec(
            "rebalancing_gym/FourAssetR1-v0", num_envs=3, vectorization_mode="sync")
        self.assertIsInstance(sync.unwrapped, SyncVectorEnv)

    def test_arrays_are_the_callers_own_unless_it_says_otherwise(self):
        for copy in (True, False):
            envs = RebalancingVectorEnv(4, "four-asset-r1-v0", copy=copy)
            first, _ = envs.reset(seed=1)
            kept = first.copy()
            second = envs.step(np.ones(4, int))[0]
            self.assertEqual(np.shares_memory(first, second), not copy)
            self.assertEqual(np.array_equal(first, kept), copy)

    def test_what_is_closed_is_given_back(self):
        def resident():
            return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

        for count in range(120):
            if count == 20:
                before = resident()
            envs = RebalancingVectorEnv(8192, "taxable-eight-asset-v0")
            envs.reset(seed=1)
            if count % 2:
                envs.close()
            del envs
        # Each takes some ten megabytes.
        self.assertLess(resident() - before, 200 << 20)

    def test_infos_can_be_left_out(self):
        envs = RebalancingVectorEnv(
            3, "two-asset-monthly-v0", HORIZON, infos=False, autoreset_mode="same_step")
        _, infos = envs.reset(seed=1)
        self.assertEqual(infos, {})
        found = [set(envs.step(np.zeros(3, int))[4]) for _ in range(7)]
        self.assertEqual(found, [set()] * 6 + [{"final_obs", "_final_obs"}])

    def test_what_is_wrong_is_said_and_moves_nothing(self):
        envs = RebalancingVectorEnv(3, "two-asset-monthly-v0", autoreset_mode="disabled")
        wrong = [
            (lambda: envs.step(np.zeros(3, int)), "no episode has begun"),
            (lambda: envs.reset(seed=[1, 2, 3]), "one whole number"),
            (lambda: envs.reset(options={"reset_mask": np.ones(3, bool)}), "no episode has begun"),
        ]
        for call, pattern in wrong:
            with self.assertRaisesRegex(UsageError, pattern):
                call()
        envs.reset(seed=1)
        wrong = [
            (lambda: envs.step(np.array([0, 1, 3])), "copy 2: action 3 is not one of 0 ..< 3"),
            (lambda: envs.step(np.array([0.0, 1.0, 2.0])), "whole numbers are needed"),
            (lambda: envs.step(np.zeros(4, int)), "broadcast|shape"),
            (lambda: envs.step(np.array([0, 1, 1 << 32])), "too large"),
            (lambda: envs.step(np.array([0, 1, (1 << 32) - 1], np.uint32)), "action -1 is not"),
            (lambda: envs.reset(options={"reset_mask": [True] * 3}), "reset_mask must be"),
            (lambda: envs.reset(options={"reset_mask": np.zeros(3, bool)}), "true nowhere"),
            (lambda: envs.reset(seed=1, options={"reset_mask": np.ones(3, bool)}), "for all copies"),
            (lambda: RebalancingVectorEnv(0), "copies is 0"),
            (lambda: RebalancingVectorEnv(2, autoreset_mode="never"), "autoreset_mode is 'never'"),
        ]
        for call, pattern in wrong:
            with self.assertRaisesRegex(ValueError, pattern):
                call()
        expected = RebalancingVectorEnv(3, "two-asset-monthly-v0", autoreset_mode="disabled")
        expected.reset(seed=1)
        actions = np.array([0, 1, 2])
        np.testing.assert_array_equal(envs.step(actions)[0], expected.step(actions)[0])
        envs.close()
        with self.assertRaisesRegex(UsageError, "closed"):
            envs.step(actions)


if __name__ == "__main__":
    unittest.main()
