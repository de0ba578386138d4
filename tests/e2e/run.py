#!/usr/bin/env python3
"""The end-to-end suite: the real agent, the real binary, and in Mistral's place an imitation.

Ollama is imitated too; llama-cpp-python's server is the real one.

    python3 tests/e2e/run.py [-k NAME] [--list] [--keep] [--sealed] [--alone]

`MCR_BIN` names the binary (default: the release or the debug build of this
repository), `MCR_E2E_CACHE` the folder for what is installed once.
"""

import argparse
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import tools

#: Set where this machine's loopback is all the network there is.
ALONE = "MCR_E2E_ALONE"

#: No scenario may take longer, whatever it waits for.
SECONDS = 180


def main():
    """Runs the suite and returns the exit code."""
    interpreter = tools.python()
    if pathlib.Path(sys.prefix).resolve() != interpreter.parents[1].resolve():
        environment = os.environ | {"MCR_E2E_CACHE": str(tools.cache())}
        return subprocess.run([str(interpreter), *sys.argv], env=environment).returncode
    arguments = _arguments()
    import sandbox
    import scenarios

    sandbox.SEALED = arguments.sealed
    chosen = [one for one in scenarios.ALL if not arguments.k or arguments.k in one.__name__]
    if arguments.list:
        print("\n".join(one.__name__ for one in chosen))
        return 0
    if not chosen:
        print(f"error: no scenario is named {arguments.k}", file=sys.stderr)
        return 1
    claude = tools.agent()
    if any(getattr(sys.modules[one.__module__], "SERVER", False) for one in chosen):
        tools.server_python()
    if arguments.alone:
        _be_alone(interpreter)
    sys.stdout.reconfigure(line_buffering=True)
    # Ignored in the background of a script; the programs under test would inherit that.
    for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(ignored) is signal.SIG_IGN:
            signal.signal(ignored, signal.SIG_DFL)
    outcomes = [_run(one, claude, arguments.keep) for one in chosen]
    passed = sum(outcomes)
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    return 0 if passed == len(outcomes) else 1


def _be_alone(interpreter):
    """Begins anew in a network of its own, where nobody can be reached but who runs there too; mcr among them."""
    if ALONE not in os.environ:
        command = ["unshare", "--map-root-user", "--net", str(interpreter), *sys.argv]
        os.execvpe(command[0], command, os.environ | {ALONE: "1"})
    assert [name for _, name in socket.if_nameindex()] == ["lo"], socket.if_nameindex()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        # SIOCSIFFLAGS with IFF_UP.
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))


def _run(scenario, claude, keep):
    """Runs one scenario in a place of its own and returns whether it held."""
    from sandbox import Sandbox

    began = time.monotonic()
    with Sandbox(claude, keep) as sandbox:
        problems = []
        signal.signal(signal.SIGALRM, _out_of_time)
        signal.alarm(SECONDS)
        try:
            scenario(sandbox)
        except AssertionError as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            problems.append(str(error) or f"{place.filename}:{place.lineno}: {place.line}")
        except Exception:
            problems.append(traceback.format_exc())
        finally:
            signal.alarm(0)
        problems += sandbox.complaints()
        verdict = "FAILED" if problems else "ok"
        print(f"{scenario.__name__} ... {verdict} ({time.monotonic() - began:.1f} s)")
        if problems:
            sandbox.settle()
            _explain(sandbox, problems)
        if keep:
            print(f"    kept {sandbox.root}")
    return not problems


def _out_of_time(*_):
    raise AssertionError(f"not done after {SECONDS} s")


def _explain(sandbox, problems):
    for problem in problems:
        _indented("problem", problem)
    for exchange in sandbox.upstream.exchanges if sandbox.upstream else ():
        roles = "".join(message["role"][0] for message in exchange.messages)
        _indented("request", f"{exchange.number} {roles} {exchange.prompt} tokens: {exchange.outcome}")
    for run in sandbox.runs:
        _indented("exit code", str(run.code))
        _indented("stdout", run.stdout[-1500:])
        _indented("stderr", run.stderr[-3000:])
    _indented("log", sandbox.logs()[-4000:])


def _indented(label, text):
    for line in text.splitlines() or [""]:
        print(f"    {label}: {line}")


def _arguments():
    parser = argparse.ArgumentParser(prog="run.py", description="Run the end-to-end suite")
    parser.add_argument("-k", metavar="NAME", help="run only scenarios whose name contains this")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    parser.add_argument("--keep", action="store_true", help="keep the folders of the scenarios")
    parser.add_argument("--sealed", action="store_true", help="run every agent where mcr is its only way out")
    parser.add_argument("--alone", action="store_true", help="run all of it where there is no network but loopback")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
