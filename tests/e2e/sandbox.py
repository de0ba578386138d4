"""A fresh place for one scenario: a home, a project, a configuration, an upstream.

Nothing of the caller's environment comes in but PATH. A trap stands where an
HTTPS proxy would, so that any attempt of mcr's to leave the machine is seen and
fails; what the agent asks mcr's own witness for is told by mcr, and fails too.
"""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import terminal
import upstream

#: Whether agents run where mcr is the only way to the network.
SEALED = False

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Commands that start none.
NO_AGENTS = ("doctor", "preset", "smoke", "start")
MAIN = "mistral-medium-3-5"
SMALL = "mistral-small-2603"


def binary():
    """Returns the path of the `mcr` under test."""
    if named := os.environ.get("MCR_BIN"):
        return pathlib.Path(named).resolve()
    release, debug = (ROOT / "target" / kind / "mcr" for kind in ("release", "debug"))
    return release if release.exists() else debug


@dataclasses.dataclass
class Run:
    """A finished run of the agent, its output parsed as stream-json."""

    code: int
    stdout: str
    stderr: str

    @property
    def events(self):
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    @property
    def result(self):
        """What the last `result` event says of the outcome; empty without one."""
        results = [event for event in self.events if event.get("type") == "result"]
        telling = ("subtype", "is_error", "result", "terminal_reason", "errors")
        return {key: results[-1][key] for key in telling if key in results[-1]} if results else {}

    @property
    def text(self):
        return self.result.get("result", "")

    def succeeded(self):
        return self.code == 0 and self.result.get("is_error") is False

    def blocks(self, role, kind):
        """Returns the content blocks of one kind that the agent reported for a role."""
        messages = [event["message"] for event in self.events if event.get("type") == role]
        contents = [m["content"] for m in messages if isinstance(m["content"], list)]
        return [block for content in contents for block in content if block["type"] == kind]

    def asked(self):
        """Returns the hosts that mcr says the agent asked for, besides mcr."""
        lines = [line for line in self.stderr.splitlines() if line.startswith("agent: asked for ")]
        return [host for line in lines for host in re.findall(r"([^ ]+) \(\d+\)", line)]

    def summary(self):
        """Returns the lines in which mcr sums the run up."""
        found = r"^mcr: \d+ requests?\b|^mcr: no requests$"
        return [line for line in self.stderr.splitlines() if re.search(found, line)]


def _words(arguments):
    """Seals in what runs an agent."""
    is_agent = "--sealed" not in arguments and arguments[0] not in NO_AGENTS
    return ("--sealed", *arguments) if SEALED and is_agent else arguments


class Sandbox:
    """The place, removed at the end of its `with` block unless `keep` is set."""

    def __init__(self, claude, keep=False):
        self.claude = claude
        self.keep = keep
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="mcr-e2e-"))
        for name in ("home", "mcr", "project", "tmp"):
            (self.root / name).mkdir()
        self.project = self.root / "project"
        self.upstream = None
        self.runs = []
        self._children = []
        #: What stands in front of mcr, such as a tracer.
        self.wrapped = ()
        #: Hosts that agents may ask for; any other one is a complaint.
        self.expected = set()
        self.trap = Trap()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.settle()
        if self.upstream:
            self.upstream.__exit__()
        self.trap.close()
        if not self.keep:
            shutil.rmtree(self.root, ignore_errors=True)

    def serve(self, play, **extra):
        """Starts the upstream and writes the configuration that names it."""
        self.play(play)
        provider = {
            "name": "mistral",
            "api_base_url": f"http://127.0.0.1:{self.upstream.port}/v1/chat/completions",
            "api_key": "$MISTRAL_API_KEY",
            "models": [MAIN, SMALL],
        }
        router = {"default": f"mistral,{MAIN}", "background": f"mistral,{SMALL}", "think": f"mistral,{MAIN}"}
        config = {"LOG": True, "LOG_LEVEL": "info", "Providers": [provider], "Router": router}
        path = self.root / "mcr" / "config.json"
        path.write_text(json.dumps(config | extra, indent=2))
        return path

    def environment(self, **extra):
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "MCR_HOME": str(self.root / "mcr"),
            "CLAUDE_PATH": str(self.claude),
            "MISTRAL_API_KEY": upstream.KEY,
            "HTTPS_PROXY": f"http://127.0.0.1:{self.trap.port}",
            "NO_PROXY": "127.0.0.1,localhost",
            **extra,
        }

    def spawn(self, *arguments, stdin=None, **extra):
        """Starts mcr in a process group of its own, as a terminal would."""
        assert binary().is_file(), f"there is no mcr: build it, or name one with MCR_BIN: {binary()}"
        child = subprocess.Popen(
            [*self.wrapped, str(binary()), *_words(arguments)],
            cwd=self.project,
            env=self.environment(**extra),
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._children.append(child)
        return child

    def terminal(self, *arguments, **extra):
        """Starts mcr with a person at a terminal."""
        command = [*self.wrapped, str(binary()), *_words(arguments)]
        return terminal.Terminal(command, cwd=self.project, env=self.environment(**extra))

    def prompt_preset(self, preset, prompt, *arguments, seconds=90, **extra):
        """Runs `mcr PRESET -p` on a prompt to its end."""
        return self.finish(self.spawn(preset, "-p", prompt, *_FORMAT, *arguments, **extra), seconds)

    def play(self, play, handler=None, identity=None):
        """Starts the upstream without a configuration that names it."""
        self.upstream = upstream.Upstream(play, handler, identity)
        self.upstream.__enter__()
        return self.upstream

    def start_prompt(self, prompt, *arguments, **extra):
        """Starts `mcr code -p` on a prompt and returns the process."""
        return self.spawn("code", "-p", prompt, *_FORMAT, *arguments, **extra)

    def prompt(self, prompt, *arguments, seconds=90, **extra):
        """Runs `mcr code -p` on a prompt to its end."""
        return self.finish(self.start_prompt(prompt, *arguments, **extra), seconds)

    def converse(self):
        """Starts `mcr code -p` with its standard input open for messages."""
        child = self.spawn(
            "code", "-p", "--input-format", "stream-json", *_FORMAT, stdin=subprocess.PIPE
        )
        return Conversation(self, child)

    def finish(self, child, seconds=90):
        """Waits for a process and returns what it said."""
        try:
            stdout, stderr = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            stdout, stderr = child.communicate()
            self.keep_run(child, stdout, stderr)
            raise AssertionError(f"the run did not end within {seconds} s") from None
        self.keep_run(child, stdout, stderr)
        return self.runs[-1]

    def keep_run(self, child, stdout, stderr):
        """Remembers what an ended process said."""
        self._children.remove(child)
        self.runs.append(Run(child.returncode, stdout, stderr))

    def settle(self):
        """Ends what still runs and keeps what it said."""
        while self._children:
            child = self._children.pop()
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            stdout = child.heard() if hasattr(child, "heard") else child.stdout.read()
            self.runs.append(Run(child.wait(), stdout, child.stderr.read()))

    def agent_of(self, child):
        """Returns the process id of the agent that mcr spawned."""
        listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        pairs = [line.split() for line in listing.stdout.splitlines()]
        children = [int(pid) for pid, parent in pairs if int(parent) == child.pid]
        assert len(children) == 1, f"mcr has {len(children)} children, expected the agent alone"
        return children[0]

    def complaints(self):
        """Returns what no scenario may end with."""
        seen = [line for line in self.trap.seen if line.removeprefix("CONNECT ").split(":")[0] not in self.expected]
        found = [f"the way out was tried: {line}" for line in seen]
        for run in self.runs:
            found += [f"the agent asked for {host}" for host in run.asked() if host not in self.expected]
        if self.upstream:
            found += [f"upstream refused: {str(refusal)[:600]}" for refusal, _ in self.upstream.refusals]
            found += self.upstream.problems
        return found

    def logs(self):
        """Returns mcr's log files of this scenario as one text."""
        paths = sorted((self.root / "mcr" / "logs").rglob("*.log"))
        return "\n".join(path.read_text("utf-8", "replace") for path in paths)


class Conversation:
    """A running agent that takes messages on its standard input."""

    def __init__(self, sandbox, child):
        self.sandbox = sandbox
        self.child = child
        self.lines = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        child.heard = lambda: "".join(self.lines)

    def say(self, content):
        """Sends a user message: a text, or a list of content blocks."""
        self._send({"type": "user", "message": {"role": "user", "content": content}})

    def interrupt(self):
        """Asks the agent to stop what it does, as Esc would."""
        request = {"subtype": "interrupt"}
        self._send({"type": "control_request", "request_id": "interrupt-1", "request": request})

    def choose_model(self, name):
        """Changes the model, as `/model` would."""
        request = {"subtype": "set_model", "model": name}
        self._send({"type": "control_request", "request_id": "model-1", "request": request})

    def wait_results(self, number, seconds):
        """Waits for so many `result` events and returns them."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._results()) >= number, seconds)
            results = self._results()
        assert len(results) >= number, f"{len(results)} of {number} results after {seconds} s"
        return results

    def close(self, seconds=30):
        """Closes the input and waits for the end."""
        self.child.stdin.close()
        self.child.wait(seconds)
        self._reader.join(seconds)
        self.sandbox.keep_run(self.child, "".join(self.lines), self.child.stderr.read())
        return self.sandbox.runs[-1]

    def _results(self):
        events = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [event for event in events if event.get("type") == "result"]

    def _send(self, message):
        self.child.stdin.write(json.dumps(message) + "\n")
        self.child.stdin.flush()

    def _read(self):
        for line in self.child.stdout:
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()


class Trap:
    """Listens where a proxy would, remembers the first line of each caller and hangs up.

    `open` holds the hosts that are let through, each with the loopback port that plays it.
    """

    def __init__(self):
        self.seen = []
        self.open = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self):
        self._listener.close()

    def _listen(self):
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(caller,), daemon=True).start()

    def _answer(self, caller):
        with caller:
            caller.settimeout(2)
            try:
                head = caller.recv(2000)
            except OSError:
                self.seen.append("a silent caller")
                return
            line = head.split(b"\r\n")[0].decode("latin-1")
            port = self.open.get(line.removeprefix("CONNECT ").split(" ")[0])
            if port is None:
                self.seen.append(line)
                return
            with socket.create_connection(("127.0.0.1", port)) as played:
                caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                _join(caller, played)


def _join(one, other):
    """Passes bytes both ways until both sides have ended."""
    one.settimeout(None)
    there = threading.Thread(target=_pass, args=(one, other), daemon=True)
    there.start()
    _pass(other, one)
    there.join()


def _pass(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


_FORMAT = ("--output-format", "stream-json", "--verbose")
