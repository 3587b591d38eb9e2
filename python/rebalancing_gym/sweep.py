"""Runs the trainings of an experiment on a Ray cluster, and its evaluation here.

    python -m rebalancing_gym.sweep experiments/011-learning --address auto

Every (environment, agent, seed) is a task of one core. Its files come back to the folder of results as
`rebalance run` would have written them, bit for bit where the machines' BLAS kernels are the same; what is
there already is not done again, so an interrupted sweep continues. Tasks of a node that is lost are done
elsewhere. When all are done the experiment is scored into the run store, as `rebalance run` does.

Workers need this package, nothing else: specifications and data travel with the tasks.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import io
import os
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import _library
from ._library import RebalancingError, UsageError


@dataclasses.dataclass
class Figures:
    """What a sweep took."""

    trainings: int = 0
    done_before: int = 0
    seconds: float = 0.0
    bytes_sent: int = 0
    bytes_received: int = 0
    store_seconds: float = 0.0


def packed(top: Path, *more: Path) -> bytes:
    """Specifications as an archive: the folders envs and agents below `top`, and more below it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1, dereference=True) as archive:
        for folder in (top / "envs", top / "agents", *more):
            archive.add(folder, arcname=str(folder.relative_to(top)), filter=_anonymous)
    return buffer.getvalue()


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without owner and times: the same files are the same bytes."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def _extract(files: tarfile.TarFile, folder: Path) -> None:
    # Pythons that know the filter refuse what leads out of the folder.
    if hasattr(tarfile, "data_filter"):
        files.extraction_filter = tarfile.data_filter
    files.extractall(folder)


def unpacked(archive: bytes) -> Path:
    """The folder of an archive, unpacked once per machine."""
    digest = hashlib.sha256(archive).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"rebalancing-{os.getuid()}-{digest}"
    if not folder.is_dir():
        beside = Path(tempfile.mkdtemp(dir=folder.parent))
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            _extract(files, beside)
        try:
            beside.rename(folder)
        except OSError:
            # Another task was faster.
            if not folder.is_dir():
                raise
    return folder


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Paths in records start from the repository's top."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def working_for(commit: str) -> Iterator[None]:
    """Records name the commit that the sweep was started from: here is no repository."""
    before = os.environ.get("REBALANCING_COMMIT")
    os.environ["REBALANCING_COMMIT"] = commit
    try:
        yield
    finally:
        if before is None:
            del os.environ["REBALANCING_COMMIT"]
        else:
            os.environ["REBALANCING_COMMIT"] = before


def train(archive: bytes, experiment: str, number: int, folder: str, commit: str) -> bytes:
    """Does one training, on whatever machine, and gives its files as an archive."""
    top = unpacked(archive)
    with tempfile.TemporaryDirectory() as out, working_in(top), working_for(commit):
        _library.operate("train", experiment=experiment, out=out, number=number, workers=1)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as files:
            files.add(Path(out) / folder, arcname=".", filter=_anonymous)
        return buffer.getvalue()


def receive(archive: bytes, folder: Path) -> None:
    """Puts the files of a training in place, all at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, suffix=".tmp") as beside:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            _extract(files, Path(beside) / "new")
        if folder.exists():
            # What is unfinished there makes room.
            folder.rename(Path(beside) / "old")
        (Path(beside) / "new").rename(folder)


def sweep(
    experiment: str | Path,
    out: str | Path | None = None,
    *,
    address: str | None = None,
    retries: int = 10,
    finish: bool = True,
    report: Any = None,
) -> Figures:
    """Does the trainings of an experiment that are not done yet, and scores it.

    Args:
        experiment: its folder, `experiments/NNN-question`, with `envs` and `agents` two levels above.
        out: the folder of results; `checkpoints/EXPERIMENT` if absent.
        address: of the cluster, as `ray.init` takes it; a cluster of this machine alone if absent.
        retries: how often a task whose node was lost is done again.
        finish: whether the experiment is scored when all is trained.
        report: is told each line; standard error if absent.
    """
    import ray

    folder = Path(experiment).resolve()
    top = folder.parent.parent
    results = Path(out).resolve() if out else top / "checkpoints" / folder.name
    tell = report or (lambda line: print(line, file=sys.stderr, flush=True))
    request = {"experiment": str(folder), "out": str(results)}
    with working_in(top):
        plan = _library.operate("trainings", **request)["answer"]
    trainings = plan["trainings"]
    open_ones = [training for training in trainings if not training["finished"]]
    figures = Figures(trainings=len(trainings), done_before=len(trainings) - len(open_ones))
    tell(f"{folder.name}: {len(trainings)} trainings, {figures.done_before} done before")
    if open_ones:
        mine = not ray.is_initialized()
        if mine:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        try:
            _train_all(ray, folder, results, plan, retries, figures, tell)
        finally:
            if mine:
                ray.shutdown()
    if finish:
        start = time.perf_counter()
        with working_in(top):
            answer = _library.operate("finish", **request, workers=os.cpu_count() or 1)
        figures.store_seconds = time.perf_counter() - start
        tell(answer["text"].rstrip())
        findings = answer["answer"]["findings"]
        if findings:
            raise RebalancingError(f"{len(findings)} figures cannot be: {findings[0]}")
    return figures


def _train_all(
    ray: Any, experiment: Path, results: Path, plan: dict[str, Any], retries: int,
    figures: Figures, tell: Any,
) -> None:
    trainings = [training for training in plan["trainings"] if not training["finished"]]
    commit = plan["provenance"]["commit"]
    archive = packed(experiment.parent.parent, experiment)
    figures.bytes_sent = len(archive)
    shared = ray.put(archive)
    name = f"{experiment.parent.name}/{experiment.name}"
    # Each task has a core to itself; a lost node's tasks are given out again by Ray.
    remote = ray.remote(num_cpus=1, max_retries=retries)(train)
    start = time.perf_counter()
    waiting = {
        remote.remote(shared, name, training["number"], training["folder"], commit): training
        for training in trainings
    }
    faults: list[str] = []
    steps = sum(training["steps"] for training in trainings) or 1
    done = 0
    for reference in _completed(ray, list(waiting)):
        training = waiting.pop(reference)
        try:
            files = ray.get(reference)
        except ray.exceptions.RayError as error:
            faults.append(f"{training['folder']}: {_cause(error)}")
            tell(f"failed: {faults[-1]}")
            continue
        receive(files, results / training["folder"])
        figures.bytes_received += len(files)
        done += training["steps"]
        elapsed = time.perf_counter() - start
        tell(f"{training['folder']}  {done / steps:.0%}  "
             f"{_time(elapsed * (steps - done) / max(done, 1))} left")
    figures.seconds = time.perf_counter() - start
    if faults:
        raise RebalancingError(
            f"{len(faults)} of {len(trainings)} trainings failed, the first: {faults[0]}; the same "
            "command tries them again")


def _completed(ray: Any, references: list[Any]) -> Iterator[Any]:
    while references:
        ready, references = ray.wait(references, num_returns=1)
        yield from ready


def _cause(error: BaseException) -> str:
    return str(getattr(error, "cause", None) or error).strip().splitlines()[-1]


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0, or the status of the error."""
    parser = argparse.ArgumentParser(
        prog="python -m rebalancing_gym.sweep", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="the experiment's folder")
    parser.add_argument("--out", type=Path, help="the folder of results")
    parser.add_argument("--address", help="the cluster, such as auto; this machine alone if absent")
    parser.add_argument("--retries", type=int, default=10, help="of a task whose node was lost")
    parser.add_argument("--no-finish", action="store_true", help="train only, do not score")
    given = parser.parse_args(arguments)
    try:
        figures = sweep(
            given.experiment, given.out, address=given.address, retries=given.retries,
            finish=not given.no_finish)
    except (RebalancingError, ConnectionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status if isinstance(error, RebalancingError) else UsageError.status
    except KeyboardInterrupt:
        print("stopped; the same command continues", file=sys.stderr)
        return 130
    print(f"{figures.trainings - figures.done_before} trainings in {figures.seconds:.1f} s, "
          f"{figures.bytes_sent} bytes sent, {figures.bytes_received} received, scored in "
          f"{figures.store_seconds:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
