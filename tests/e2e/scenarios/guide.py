"""The guide, walked by `guide.sh` on this stage: its hosts are played, everything else is real."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess

from script import Call, answer, call
import identity
import ollama
import sandbox as place
import upstream

#: Tells the suite to install the package that makes certificates.
SERVER = True

HOST = "api.mistral.ai"
SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "guide.sh"
#: How long the walk may take; each agent on it takes some seconds.
SECONDS = 170


def the_guide_works_with_mcr_in_place_of_ccr(sandbox):
    authority, certificate = identity.of(sandbox, HOST)
    home, bin = sandbox.root / "home", sandbox.root / "bin"
    bin.mkdir()
    (bin / "mcr").symlink_to(place.binary())
    (bin / "claude").symlink_to(sandbox.claude)

    def play(request, number):
        last = request["messages"][-1]
        if last["role"] == "tool":
            return answer("The file is there.")
        if "hello.txt" in json.dumps(last["content"]) and request.get("tools"):
            path = str(sandbox.project / "hello.txt")
            return call(Call("hello0001", "Write", {"file_path": path, "content": "Hello from Mistral"}))
        return answer("The sea is grey today.")

    with contextlib.ExitStack() as stack:
        cloud = stack.enter_context(upstream.Upstream(play, identity=certificate))
        ollamas = stack.enter_context(upstream.Upstream(play, ollama.Handler))
        studio = stack.enter_context(upstream.Upstream(play, _LmStudio))
        sandbox.trap.open[f"{HOST}:443"] = cloud.port
        environment = sandbox.environment(
            GUIDE_STAGE=str(sandbox.root),
            OLLAMA_PORT=str(ollamas.port),
            LM_STUDIO_PORT=str(studio.port),
            SERVICE_PORT=str(_free_port()),
            SSL_CERT_FILE=str(authority),
            PATH=f"{bin}{os.pathsep}{os.environ['PATH']}",
        )
        # As on a person's machine: nothing says where mcr keeps its things, and `claude` is on the path.
        for name in ("MCR_HOME", "CLAUDE_PATH"):
            del environment[name]
        try:
            walk = subprocess.run(
                ["bash", str(SCRIPT)], cwd=sandbox.project, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS,
            )  # fmt: skip
        finally:
            # Where the walk ended early, its service still runs.
            subprocess.run([str(bin / "mcr"), "stop", "--now"], env=environment, check=True, capture_output=True)
        assert walk.returncode == 0, f"the walk ended with {walk.returncode}:\n{walk.stdout[-6000:]}"
        # The guide's own models are retired, which the service says and nobody hides.
        refused = {str(refusal) for refusal, _ in cloud.refusals}
        assert refused and all("devstral-latest" in words or "mistral-small-latest" in words for words in refused), refused
        assert not ollamas.refusals and not studio.refusals, (ollamas.refusals, studio.refusals)
        for server in (cloud, ollamas, studio):
            assert server.exchanges and not server.problems, (server.exchanges, server.problems)
        left = [line for path in home.rglob("*.log") for line in path.read_text().splitlines() if "anthropic.com" in line]
        assert not left, left


def _free_port():
    """A port that is free now; nobody else here asks for ports by number."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class _LmStudio(ollama.Handler):
    """LM Studio's list and chat, with the model that the guide loads."""

    model = "mistralai/devstral-small-2-2512"


CLAIMS = [the_guide_works_with_mcr_in_place_of_ccr]
