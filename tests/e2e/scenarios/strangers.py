"""A server that nobody here wrote: llama-cpp-python's, with a model that is made on the spot.

The model speaks nonsense, so nothing is claimed of what it says; a grammar keeps the arguments
of a tool lawful, and this is where words mean something.
"""

import json
import re
import subprocess
import time
import urllib.request

import terminal
import tools

#: Tells the suite to install the server before any scenario's clock runs.
SERVER = True

KEY = "e2e-key-of-the-server"
MODEL = "tiny"
WINDOW = 65_536


def a_strangers_server_is_discovered_and_streams_to_the_agent(sandbox):
    with _Server(sandbox) as server:
        person = sandbox.terminal("preset", "install", "mistral-llama-cpp")
        person.answer("Install it?", "y")
        person.answer("Where does llama-server listen?", f"{server.url}\r")
        person.answer("Which key does the server want?", f"{KEY}\r")
        person.wait_for("Which model?")
        person.wait_for(MODEL)
        person.wait_for("another, which I type")
        person.type("\r")
        person.answer("[65536]", "\r")
        person.wait_for("installed preset mistral-llama-cpp")
        assert person.end() == 0 and KEY not in person.shown, person.shown

        short = ("--system-prompt", "Be brief.", "--tools", "", "--include-partial-messages")
        run = sandbox.prompt_preset("mistral-llama-cpp", "Hello.", *short)
        assert run.succeeded(), (run.code, run.result, run.stderr)
        pieces = [event["event"] for event in run.events if event.get("type") == "stream_event"]
        texts = [piece["delta"]["text"] for piece in pieces if piece.get("delta", {}).get("type") == "text_delta"]
        assert len(texts) >= 2, f"{len(texts)} pieces of text: {texts}"
        assert "".join(texts) == run.text, (texts, run.text)


def a_strangers_server_calls_the_tool_that_it_must(sandbox):
    with _Server(sandbox) as server:
        provider = {"name": "llama.cpp", "api_base_url": server.url, "api_key": KEY, "models": [MODEL]}
        config = {"Providers": [provider], "Router": {"default": f"llama.cpp,{MODEL}"}}
        path = sandbox.root / "mcr" / "config.json"
        path.write_text(json.dumps(config))
        child = sandbox.spawn("start", "--foreground", "--port", "0", "--config", str(path))
        port = json.loads(child.stdout.readline())["ok"]["port"]
        token = (sandbox.root / "mcr" / "state" / "token").read_text()

        for stream in (False, True):
            called = _ask(port, token, stream)
            assert called["stop_reason"] == "tool_use", called
            blocks = [block for block in called["content"] if block["type"] == "tool_use"]
            assert [(block["name"], block["input"]) for block in blocks] == [("weather", {"city": "Paris"})], called


def _ask(port, token, stream):
    """Asks for a call of the only tool; returns the message, put together if it was streamed."""
    schema = {"type": "object", "properties": {"city": {"type": "string", "enum": ["Paris"]}}, "required": ["city"]}
    request = {
        "model": "claude-sonnet-5",
        "max_tokens": 400,
        "stream": stream,
        "messages": [{"role": "user", "content": "How is the weather?"}],
        "tools": [{"name": "weather", "description": "Tells the weather", "input_schema": schema}],
        "tool_choice": {"type": "tool", "name": "weather"},
    }
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/messages",
        json.dumps(request).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "anthropic-version": "2023-06-01"},
    )
    # The environment's proxy is not meant for this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(asked, timeout=60) as response:
        if not stream:
            return json.load(response)
        data = [line[6:] for line in response.read().decode().splitlines() if line.startswith("data: ")]
    message = {"content": []}
    for event in map(json.loads, data):
        match event["type"]:
            case "content_block_start":
                message["content"].append(event["content_block"] | {"json": ""})
            case "content_block_delta" if event["delta"]["type"] == "input_json_delta":
                message["content"][event["index"]]["json"] += event["delta"]["partial_json"]
            case "message_delta":
                message["stop_reason"] = event["delta"]["stop_reason"]
    for block in message["content"]:
        if block["type"] == "tool_use":
            block["input"] = json.loads(block["json"])
    return message


class _Server:
    """The server as it comes from PyPI, on a free port."""

    def __init__(self, sandbox):
        python = tools.server_python()
        model = sandbox.root / "tiny.gguf"
        subprocess.run([python, tools.HERE / "tiny_model.py", model], check=True)
        options = {
            "model": model,
            "model_alias": MODEL,
            "n_ctx": WINDOW,
            "n_threads": 1,
            "seed": 7,
            "chat_format": "chatml",
            "api_key": KEY,
            "interrupt_requests": "false",
            "host": "127.0.0.1",
            "port": 0,
        }
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        self._log = open(sandbox.root / "server.log", "w+")
        self._child = subprocess.Popen(
            [str(python), "-m", "llama_cpp.server", *words],
            cwd=sandbox.root,
            env={"PATH": "/usr/bin:/bin", "HOME": str(sandbox.root / "home"), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self.url = f"http://127.0.0.1:{self._port()}/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.terminate()
        self._child.wait(30)
        self._log.close()

    def _port(self):
        """Waits for the line that names the port."""
        deadline = time.monotonic() + terminal.PATIENCE
        while time.monotonic() < deadline and self._child.poll() is None:
            self._log.seek(0)
            if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", self._log.read()):
                return int(found.group(1))
            time.sleep(0.05)
        self._log.seek(0)
        self._child.kill()
        raise AssertionError(f"the server does not start: {self._log.read()[-2000:]}")


CLAIMS = [
    a_strangers_server_is_discovered_and_streams_to_the_agent,
    a_strangers_server_calls_the_tool_that_it_must,
]
