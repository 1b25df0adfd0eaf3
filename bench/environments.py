"""A virtual environment of a benchmark's own, for what is measured beside Concord and must never be in ours."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path


def installed(environment: Path, requirements: Path, what: str, say: Callable[[str], None]) -> Path:
    """The environment, made when it is not there or the requirements have changed. Ends the program when that fails."""
    wanted, done = requirements.read_text(), environment / "requirements.txt"
    if not done.exists() or done.read_text() != wanted:
        say(f"Installing {what} into {environment} (once; about 1 GB).")
        run([sys.executable, "-m", "venv", "--clear", str(environment)])
        pip = [str(environment / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run([*pip, "--requirement", str(requirements)])
        done.write_text(wanted)
    return environment


def run(command: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Run a program; when it fails, end ours with the end of what it said."""
    done = subprocess.run(  # noqa: S603  programs of an environment made here
        command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")
