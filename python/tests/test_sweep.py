"""An experiment on a Ray cluster of two nodes, one of which is killed: the results of one machine, to the
bit. Needs Ray; `scripts/test --all` installs it."""

import csv
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

try:
    import ray
    from ray.cluster_utils import Cluster
except ImportError:
    ray = None

from rebalancing_gym import sweep

TOP = Path(__file__).resolve().parents[2]
PROGRAM = TOP / ".build" / "release" / "rebalance"
EXPERIMENT = """\
question: Does it matter where a training runs?
environment: envs/two-asset-monthly-v0.yaml
agents: [agents/q-learning.yaml, agents/ppo.yaml]
set_agents: {q-learning: {total_steps: 400000}, ppo: {total_steps: STEPS}}
rules: ["rule:band(0.05)"]
seeds: [1, 2, 3, 4]
scores: [exact, sampled]
episodes: 50
evaluation_seed: 1000000
"""


def digests(folder):
    """What is trained: the files of checkpoints, by name."""
    names = ("policy.safetensors", "training.safetensors", "record.json")
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*")) if file.name in names
    }


def table(file):
    """A CSV file without the times in it."""
    rows = list(csv.DictReader(file.read_text().splitlines()))
    return [{k: v for k, v in row.items() if "seconds" not in k} for row in rows]


class Folder(unittest.TestCase):
    steps = 40_000

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.top = Path(temporary.name).resolve()
        self.experiment = self.top / "experiments" / "099-where"
        self.experiment.mkdir(parents=True)
        (self.experiment / "experiment.yaml").write_text(
            EXPERIMENT.replace("STEPS", str(self.steps)))
        for name in ("envs", "agents"):
            shutil.copytree(TOP / name, self.top / name)

    def rebalance(self, *arguments, **more):
        run = subprocess.run(
            [PROGRAM, *map(str, arguments)], cwd=self.top, capture_output=True, text=True, **more)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout


class JobArray(Folder):
    def test_an_array_of_jobs_gives_what_one_run_gives(self):
        self.rebalance("run", "experiments/099-where", "--out", self.top / "alone")
        expected = digests(self.top / "alone")
        self.assertEqual(len(expected), 24)
        count = self.rebalance(
            "run", "experiments/099-where", "--out", "array", "--trainings", "--json"
        ).count('"number"')
        self.assertEqual(count, 8)
        script = TOP / "scripts" / "slurm-array"
        # In another order than one machine has, two at a time.
        jobs = list(range(count))[::-1]
        while jobs:
            pair = [subprocess.Popen(
                [script, "experiments/099-where", "--out", "array"], cwd=self.top,
                env={**os.environ, "REBALANCE": str(PROGRAM), "SLURM_ARRAY_TASK_ID": str(jobs.pop())},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
            for job in pair:
                self.assertEqual(job.wait(), 0)
        self.assertEqual(digests(self.top / "array"), expected)
        self.rebalance("run", "experiments/099-where", "--out", "array")
        for name in ("results.csv", "standings.csv"):
            self.assertEqual(table(self.top / "array" / name), table(self.top / "alone" / name))
        run = subprocess.run(
            [PROGRAM, "run", "experiments/099-where", "--out", "array", "--training", "8"],
            cwd=self.top, capture_output=True, text=True)
        self.assertEqual(run.returncode, 64)
        self.assertIn("there is no training 8; valid are 0 to 7", run.stderr)
        without = subprocess.run([script], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(without.returncode, 64)


class Archives(Folder):
    def test_the_same_files_are_the_same_bytes(self):
        first = sweep.packed(self.top, self.experiment)
        for file in self.experiment.rglob("*"):
            os.utime(file, (1, 1))
        self.assertEqual(hashlib.sha256(first).digest(),
                         hashlib.sha256(sweep.packed(self.top, self.experiment)).digest())
        folder = sweep.unpacked(first)
        self.addCleanup(shutil.rmtree, folder)
        self.assertEqual((folder / "experiments/099-where/experiment.yaml").read_text(),
                         (self.experiment / "experiment.yaml").read_text())
        self.assertEqual(sweep.unpacked(first), folder)

    def test_a_task_gives_the_files_of_one_machine(self):
        # What a worker does, without Ray; and an unfinished training makes room.
        self.rebalance("run", "experiments/099-where", "--out", "alone", "--training", "1")
        name = "q-learning-seed-2"
        (self.top / "out" / name).mkdir(parents=True)
        (self.top / "out" / name / "record.json").write_text("torn")
        files = sweep.train(
            sweep.packed(self.top, self.experiment), "experiments/099-where", 1, name, "unknown")
        sweep.receive(files, self.top / "out" / name)
        self.assertEqual(digests(self.top / "out"), digests(self.top / "alone"))
        self.assertEqual([path.name for path in (self.top / "out").iterdir()], [name])


@unittest.skipIf(ray is None, "Ray is not installed")
class Nodes(Folder):
    steps = 1_500_000

    def test_a_killed_node_changes_nothing(self):
        self.rebalance("run", "experiments/099-where", "--out", "alone")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        self.addCleanup(cluster.shutdown)
        node = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, log_to_driver=False)
        self.addCleanup(ray.shutdown)
        lines = []

        at_death = []

        def kill():
            # In the middle: both nodes are at work, some is done and some is not.
            while not any("left" in line for line in lines):
                time.sleep(0.05)
            at_death.append(sum("left" in line for line in lines))
            cluster.remove_node(node, allow_graceful=False)

        killer = threading.Thread(target=kill)
        killer.start()
        figures = sweep.sweep(self.experiment, self.top / "spread", report=lines.append)
        killer.join()
        self.assertLess(at_death[0], figures.trainings - 2)
        self.assertEqual(digests(self.top / "spread"), digests(self.top / "alone"))
        for name in ("results.csv", "standings.csv"):
            self.assertEqual(table(self.top / "spread" / name), table(self.top / "alone" / name))
        # Every training came back once.
        done = [line.split()[0] for line in lines if line.endswith("left")]
        self.assertEqual(sorted(done), sorted(set(done)))
        self.assertEqual(len(done), figures.trainings)
        # Again: nothing is left to do.
        again = sweep.sweep(self.experiment, self.top / "spread", report=lines.append)
        self.assertEqual(again.done_before, again.trainings)

    def test_a_training_that_fails_is_named(self):
        (self.top / "agents" / "ppo.yaml").write_text("algorithm: ppo\nlearning_rate: -1\n")
        run = subprocess.run(
            [sys.executable, "-m", "rebalancing_gym.sweep", self.experiment],
            capture_output=True, text=True)
        self.assertEqual(run.returncode, 64)
        self.assertRegex(run.stderr, "learning_rate")


if __name__ == "__main__":
    unittest.main()
