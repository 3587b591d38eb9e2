"""The environments that ship: files in `envs/`, and their names in Gymnasium's registry."""

from __future__ import annotations

from pathlib import Path

from ._library import UsageError

NAMESPACE = "rebalancing_gym"
_PACKAGE = Path(__file__).resolve().parent


def folder() -> Path:
    """The folder of the specifications: that of the package, or of the repository around it."""
    own = _PACKAGE / "envs"
    return own if own.is_dir() else _PACKAGE.parent.parent / "envs"


def files() -> list[Path]:
    """The specifications, in order."""
    return sorted(folder().glob("*.yaml"))


def environment_id(file: Path) -> str:
    """Gymnasium's id of a specification: two-asset-monthly-v0 is rebalancing_gym/TwoAssetMonthly-v0."""
    *words, version = file.stem.split("-")
    return f"{NAMESPACE}/{''.join(word.capitalize() for word in words)}-{version}"


def file(name: str | Path) -> Path:
    """The file that a path, a file's name without its ending, or an id of Gymnasium stands for."""
    text = str(name)
    if text.endswith(".yaml"):
        return Path(text)
    for path in files():
        if text in (path.stem, environment_id(path)):
            return path
    names = ", ".join(path.stem for path in files())
    raise UsageError(f"{text}: no environment is called so; valid are a .yaml file and {names}")
