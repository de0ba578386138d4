"""Upstreams that die while the agent works, and others that stand in for them."""

import json
import threading

import sandbox as place
import upstream
from script import Call, Cut, Text, answer, call


def a_task_whose_upstream_dies_is_finished_by_another(sandbox):
    _dies(sandbox, [Text("Now the other f"), Cut()])
    assert " outcome=error " in sandbox.logs(), "nobody was told that the half was no whole"


def a_task_whose_upstream_dies_before_a_word_is_finished_by_another(sandbox):
    _dies(sandbox, [Cut()])
    assert " outcome=error " not in sandbox.logs(), "the agent saw the outage"


def _dies(sandbox, last_words):
    """Runs a task of two files; the first upstream writes one and dies in the middle of the next turn."""
    first, second = (sandbox.project / name for name in ("first.txt", "second.txt"))

    def begin(request, number):
        if number == 1:
            return call(Call("Wr1234567", "Write", {"file_path": str(first), "content": "one\n"}))
        if number == 2:
            # It ends itself from another thread, since whoever answers is one of its own.
            threading.Thread(target=sandbox.upstream.__exit__).start()
            return last_words
        return [Cut()]

    def go_on(request, number):
        if any("second.txt" in json.dumps(message) for message in request["messages"][2:]):
            return answer("Both files are written.")
        return call(Call("Wr7654321", "Write", {"file_path": str(second), "content": "two\n"}))

    config = sandbox.serve(begin)
    with upstream.Upstream(go_on) as spare:
        written = json.loads(config.read_text())
        endpoint = f"http://127.0.0.1:{spare.port}/v1/chat/completions"
        written["Providers"].append(written["Providers"][0] | {"name": "spare", "api_base_url": endpoint})
        written["Providers"][1]["dialect"] = "mistral"
        written["Router"]["default"] = [f"mistral,{place.MAIN}", f"spare,{place.MAIN}"]
        config.write_text(json.dumps(written))
        run = sandbox.prompt("Write the two files.", "--allowedTools", "Write")
        assert run.succeeded() and run.text == "Both files are written.", run.result
        assert (first.read_text(), second.read_text()) == ("one\n", "two\n")
        assert not spare.refusals and not spare.problems, (spare.refusals, spare.problems)
        # What the first one did is told to the second.
        told = json.dumps(spare.exchanges[0].messages)
        assert "first.txt" in told, "the spare does not know of the first file"
    assert "spare" in sandbox.logs() and "fallback from" in sandbox.logs()


CLAIMS = [
    a_task_whose_upstream_dies_is_finished_by_another,
    a_task_whose_upstream_dies_before_a_word_is_finished_by_another,
]
