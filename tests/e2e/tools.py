"""Fetches what the suite runs with into a cache: a venv and the real agent.

Standard library only, since it runs before anything is installed.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent


def cache():
    """Returns the cache folder, made if it is not there."""
    named = os.environ.get("MCR_E2E_CACHE")
    path = pathlib.Path(named) if named else HERE.parents[1] / "target" / "e2e-cache"
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def python():
    """Returns the interpreter of the venv that holds `requirements.txt`."""
    return _venv("venv", "requirements.txt")


def server_python():
    """Returns the interpreter of the venv that holds `requirements-server.txt`.

    It is one of its own: its packages are built from source, which takes some minutes, and
    only once for each version.
    """
    # For any machine, without what the server does not need.
    options = {"GGML_NATIVE": "OFF", "GGML_OPENMP": "OFF", "LLAVA_BUILD": "OFF", "MTMD_BUILD": "OFF"}
    tools = ("CURL", "BUILD_TESTS", "BUILD_TOOLS", "BUILD_EXAMPLES", "BUILD_SERVER")
    options |= {f"LLAMA_{name}": "OFF" for name in tools}
    arguments = " ".join(f"-D{name}={value}" for name, value in options.items())
    return _venv("venv-server", "requirements-server.txt", CMAKE_ARGS=arguments)


def _venv(name, requirements, **environment):
    home = cache() / name
    interpreter = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = HERE / requirements
    if not _stamped(home, wanted, sys.version):
        print(f"e2e: installing the packages of {requirements}", file=sys.stderr)
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        command = [str(interpreter), "-m", "pip", "install", "--quiet", "-r", str(wanted)]
        _run(command, os.environ | environment)
        _stamp(home, wanted, sys.version)
    return interpreter


def agent():
    """Returns the native executable of the pinned agent."""
    home = cache() / "agent"
    wanted = HERE / "package.json"
    if not _stamped(home, wanted):
        print("e2e: installing the agent", file=sys.stderr)
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("error: npm is not installed")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        shutil.copy(wanted, home)
        options = ["--no-package-lock", "--no-audit", "--no-fund", "--silent", "--ignore-scripts"]
        _run([npm, "install", "--prefix", str(home), *options])
        _stamp(home, wanted)
    return _executable(home)


def _executable(home):
    """The npm package is a stub; the program is in the package of the platform."""
    names = ("claude", "claude.exe")
    scope = home / "node_modules" / "@anthropic-ai"
    found = [
        path
        for package in sorted(scope.glob("claude-code-*"))
        for path in (package / name for name in names)
        if path.is_file()
    ]
    for path in found:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, env={"HOME": str(home)})
        if answer.returncode == 0:
            return path
    raise SystemExit(f"error: no executable of the agent runs here; looked in {scope}")


def _run(command, environment=None):
    done = subprocess.run(command, stdout=sys.stderr, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"error: `{' '.join(command)}` ended with {done.returncode}")


def _digest(wanted, more):
    return hashlib.sha256(wanted.read_bytes() + more.encode()).hexdigest()


def _stamped(home, wanted, more=""):
    stamp = home / ".stamp"
    return stamp.is_file() and stamp.read_text() == _digest(wanted, more)


def _stamp(home, wanted, more=""):
    (home / ".stamp").write_text(_digest(wanted, more))
