"""Puts the Swift library and the specifications of environments into the package.

The library is built with the Swift runtime inside; REBALANCING_LIBRARY names one that is built already.
"""

import os
import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent.parent
NAME = "libCRebalancing.so"


def built_library() -> Path:
    """The library: the one that is named, else built from the sources beside this folder."""
    named = os.environ.get("REBALANCING_LIBRARY")
    if named:
        return Path(named)
    if not (ROOT / "Package.swift").is_file():
        raise SystemExit(
            "error: the Swift sources are not beside this folder; install from a checkout of the "
            "repository, or name a built library in REBALANCING_LIBRARY"
        )
    if shutil.which("swift") is None:
        raise SystemExit("error: there is no Swift toolchain on the PATH; see swift.org/install")
    # A folder of its own: the whole build has the runtime inside, not beside.
    build = ["swift", "build", "-c", "release", "--scratch-path", ".build-wheel",
             "-Xswiftc", "-static-stdlib", "--product", "CRebalancing"]
    subprocess.run(build, cwd=ROOT, check=True)
    where = subprocess.run([*build, "--show-bin-path"], cwd=ROOT, check=True, capture_output=True)
    return Path(where.stdout.decode().strip()) / NAME


class BuildWithLibrary(build_py):
    """Adds what is made elsewhere."""

    def run(self) -> None:
        super().run()
        package = Path(self.build_lib) / "rebalancing_gym"
        (package / "lib").mkdir(parents=True, exist_ok=True)
        shutil.copy2(built_library(), package / "lib" / NAME)
        envs = package / "envs"
        shutil.rmtree(envs, ignore_errors=True)
        shutil.copytree(ROOT / "envs", envs)


class PlatformWheel(bdist_wheel):
    """A wheel of this platform for any Python 3: the library is called through ctypes."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        _, _, platform = super().get_tag()
        return "py3", "none", platform


class BinaryDistribution(Distribution):
    """Has a library, though no extension module."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel},
    distclass=BinaryDistribution,
)
