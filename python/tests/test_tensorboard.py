"""What a training writes for TensorBoard, read back by TensorBoard's own reader.

Run by scripts/test, in the virtual environment .build/python.
"""

import json
import logging
import math
import os
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TOP = Path(__file__).resolve().parents[2]
# It tells of every restart.
logging.getLogger("tensorboard").setLevel(logging.ERROR)
PROGRAM = TOP / ".build" / "release" / "rebalance"


def command(out, agent, *more):
    return [
        PROGRAM, "train", "--env", "two-asset-monthly-v0", "--agent", f"agents/{agent}.yaml",
        "--out", out, "--evaluate-every", "40000", "--evaluation-episodes", "2",
        "--checkpoint-every", "30000", "--json", *more,
    ]


def train(out, agent, *more):
    run = subprocess.run(
        command(out, agent, *more), cwd=TOP, check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def curves(folder):
    reader = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    reader.Reload()
    return {tag: reader.Scalars(tag) for tag in reader.Tags()["scalars"]}


def files(folder):
    return len(list((folder / "log").glob("events.*")))


def values(folder):
    """The points of all curves but those of the clock."""
    return {
        tag: [(point.step, point.value) for point in points]
        for tag, points in curves(folder).items() if not tag.startswith("time/")
    }


class TensorBoardTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def test_curves_of_a_training(self):
        begun = time.time()
        result = train(self.folder / "p", "ppo", "--steps", "200000")
        found = curves(self.folder / "p" / "log")
        self.assertLessEqual({"rollout/mean_reward", "train/policy_loss", "train/kl",
                              "eval/mean_reward", "time/steps_per_second"}, found.keys())
        self.assertEqual({tag.split("/")[0] for tag in found}, {"rollout", "train", "eval", "time"})
        # 64 copies of 128 steps make an update.
        updates = [8192 * (i + 1) for i in range(25)]
        self.assertEqual([point.step for point in found["train/policy_loss"]], updates)
        evaluated = [8192 * i for i in (5, 10, 15, 20, 25)]
        self.assertEqual([point.step for point in found["eval/mean_reward"]], evaluated)
        for points in found.values():
            for point in points:
                self.assertTrue(math.isfinite(point.value))
                self.assertTrue(begun - 1 < point.wall_time < time.time() + 1)
        best = max(found["eval/mean_reward"], key=lambda point: point.value)
        self.assertEqual(best.step, result["best"]["steps"])
        self.assertAlmostEqual(best.value, result["best"]["mean_reward"], places=6)
        rate = found["train/learning_rate"]
        self.assertAlmostEqual(rate[0].value, 0.0005)
        self.assertAlmostEqual(rate[5].value, 0.0005 * (1 - updates[4] / 200000))

    def test_a_killed_training_leaves_the_curves_of_an_uninterrupted_one(self):
        # More than a second of work: a kill comes in the midst of it.
        steps = "1500000"
        train(self.folder / "whole", "ppo", "--steps", steps)
        parts = self.folder / "parts"
        kills = 0
        for pause in (0.05, 0.1, 0.2):
            before = files(parts)
            process = subprocess.Popen(
                command(parts, "ppo", "--steps", steps, "--resume"), cwd=TOP,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and files(parts) == before:
                time.sleep(0.002)
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
        self.assertEqual(kills, 3)
        train(parts, "ppo", "--steps", steps, "--resume")
        self.assertEqual(files(parts), kills + 1)
        self.assertEqual(values(parts / "log"), values(self.folder / "whole" / "log"))

    def test_a_record_that_was_torn_does_not_hide_what_follows(self):
        out = self.folder / "q"
        train(out, "q-learning", "--steps", "100000")
        first = out / "log" / "events.out.tfevents.000001"
        os.truncate(first, first.stat().st_size - 5)
        train(out, "q-learning", "--steps", "100000", "--resume")
        self.assertEqual(len(values(out / "log")["rollout/mean_reward"]), 7)


if __name__ == "__main__":
    unittest.main()
