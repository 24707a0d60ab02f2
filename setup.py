"""Build hook: compiled contracts travel in the wheel, so that what is installed runs without Node or a compiler."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithContracts(build_py):
    """Copies the packages, after the contracts have been compiled."""

    def run(self) -> None:
        """Compile where needed; an editable install reads the checkout, which `make setup` keeps compiled."""
        if not self.editable_mode:
            _compile()
        super().run()


def _compile() -> None:
    spec = importlib.util.spec_from_file_location("terrarium_compile", ROOT / "terrarium" / "chain" / "compile.py")
    if spec is None or spec.loader is None:
        raise SystemExit("error: terrarium/chain/compile.py is missing from this copy")
    compile_ = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compile_)
    if compile_.stale() and not compile_.installed():
        if not (npm := shutil.which("npm")):
            raise SystemExit(
                "error: the contracts are not compiled, and there is no npm to fetch the compiler and the audited ones "
                "with: install Node 20 or newer, or install Terrarium from a wheel"
            )
        subprocess.run([npm, "ci", "--omit=dev", "--ignore-scripts"], cwd=ROOT, check=True)
    try:
        compile_.compile_all()
    except compile_.CompileError as error:
        raise SystemExit(f"error: {error}") from None


setup(
    packages=[*find_packages(include=["terrarium", "terrarium.*"]), "terrarium.agents"],
    cmdclass={"build_py": BuildWithContracts},
)
