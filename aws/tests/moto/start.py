"""Starts the strict moto: `python3 start.py --venv DIR [--prepare]`.

Needs nothing but Python. What requirements.txt names is installed once, into a virtual environment below DIR; who comes
while that happens waits. Then this process becomes the server, which says its address in its first line and ends when
its standard input does. With --prepare it only installs.
"""

import argparse
import fcntl
import hashlib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--venv", required=True, type=pathlib.Path, help="where virtual environments are kept")
    arguments.add_argument("--prepare", action="store_true", help="install, and start nothing")
    told = arguments.parse_args()
    if sys.version_info < (3, 10):
        sys.exit(f"this is Python {sys.version.split()[0]}, moto needs 3.10 or newer: install it as python3")
    python = prepared(told.venv)
    if told.prepare:
        print(python)
        return
    os.chdir(HERE)
    os.execv(python, [str(python), "-B", "-m", "strict"])


def prepared(folder):
    """The Python of the virtual environment in which everything is installed."""
    # Another list of requirements, or another Python, is another environment.
    name = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    venv = folder.absolute() / name
    python, ready = venv / "bin" / "python", venv / "ready"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            run(
                [sys.executable, "-m", "venv", "--clear", str(venv)],
                "python3 cannot make a virtual environment: install its venv module (Debian: python3-venv)",
            )
            install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
            run(
                [str(python), *install, "--requirement", str(REQUIREMENTS)],
                "moto cannot be installed: give pip a way to PyPI (or to a mirror, by PIP_INDEX_URL) and try again",
            )
            ready.touch()
    return python


def run(command, otherwise):
    # Standard output belongs to the server's first line.
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode != 0:
        sys.exit(otherwise)


if __name__ == "__main__":
    main()
