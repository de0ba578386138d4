"""Presets, installed by a person at a terminal and run with the real agent."""

import json

from script import Call, answer, call
import identity
import ollama
import rules
import sandbox as place
import upstream

#: Tells the suite to install the server's packages, which make certificates too.
SERVER = True

EU = "api.eu.mistral.ai"


def a_key_that_is_typed_once_opens_mistrals_eu_endpoint_from_then_on(sandbox):
    authority, certificate = identity.of(sandbox, EU)
    server = sandbox.play(lambda request, number: answer("The sea is grey today."), identity=certificate)
    # The preset is as it is shipped: it asks for the real host, which is played behind the proxy.
    sandbox.trap.open[f"{EU}:443"] = server.port
    own = {"SSL_CERT_FILE": str(authority), "MISTRAL_API_KEY": ""}

    person = sandbox.terminal("preset", "install", "mistral-cloud", **own)
    person.wait_for(f"speaks to    {EU} (Mistral AI SAS, Paris, FR, region EU) as `mistral`")
    person.wait_for(f"Mistral API key (apiKey), to be sent to {EU} only")
    person.answer("Install it?", "y")
    person.answer("Enter your Mistral API key", f"{upstream.KEY}\r")
    person.wait_for("installed preset mistral-cloud")
    assert person.end() == 0, person.shown
    assert upstream.KEY not in person.shown, f"the key is shown: {person.shown}"

    home = sandbox.root / "mcr"
    holding = [path for path in home.rglob("*") if path.is_file() and upstream.KEY in path.read_text("utf-8", "replace")]
    assert holding == [home / "state" / "keys.json"], f"the key is in {holding}"
    assert holding[0].stat().st_mode & 0o777 == 0o600, oct(holding[0].stat().st_mode)
    stored = json.loads(holding[0].read_text())["keys"]["preset/mistral-cloud/api_key"]
    assert stored["hosts"] == [EU], stored["hosts"]

    for number in (1, 2):
        run = sandbox.prompt_preset("mistral-cloud", "How is the sea?", **own)
        assert run.succeeded() and run.text == "The sea is grey today.", (run.code, run.result, run.stderr)
        assert len(server.exchanges) == number, f"{len(server.exchanges)} requests in {number} runs"
        assert server.exchanges[-1].request["model"] == place.MAIN
        assert f"hosts: {EU} " in run.stderr, run.stderr

    # With somebody there who could be asked, nobody is.
    person = sandbox.terminal("mistral-cloud", "-p", "How is the sea?", **own)
    person.wait_for("The sea is grey today.")
    assert person.end() == 0 and "API key" not in person.shown, person.shown


def the_imitated_ollama_refuses_what_the_real_one_does_and_what_it_ignores(sandbox):
    words = {"role": "user", "content": "Hello."}
    lawful = {"model": ollama.MODEL, "messages": [words], "stream": True, "stream_options": {"include_usage": True}}
    assert ollama.check(lawful) > 0
    made = {"id": "c", "type": "function", "function": {"name": "Read", "arguments": "{}"}}
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    unlawful = {
        "prompt_cache_key": lawful | {"prompt_cache_key": "mcr-1"},
        "tool_choice": lawful | {"tool_choice": "required"},
        "not found": lawful | {"model": "another"},
        "too short": lawful | {"messages": []},
        "invalid message format": lawful | {"messages": [{"role": "assistant", "content": [thought]}]},
        "type: <nil>": lawful | {"messages": [{"role": "assistant", "content": None}]},
        "without the id": lawful | {"messages": [words, {"role": "assistant", "tool_calls": [made]}, {"role": "tool", "content": "x"}]},
        "truncating input prompt": lawful | {"messages": [{"role": "user", "content": "x" * 5 * ollama.WINDOW}]},
    }
    for expected, body in unlawful.items():
        try:
            ollama.check(body)
        except rules.Refusal as refusal:
            assert expected in refusal.message, f"{expected}: {refusal}"
        else:
            raise AssertionError(f"{expected}: it is taken")


def a_model_of_ollamas_is_found_with_its_window_and_reads_a_file(sandbox):
    (sandbox.project / "a.txt").write_text("harbour\n")

    def play(request, number):
        if number == 1:
            return call(Call("unused", "Read", {"file_path": str(sandbox.project / "a.txt")}))
        return answer("It says harbour.")

    server = sandbox.play(play, handler=ollama.Handler)
    person = sandbox.terminal("preset", "install", "mistral-ollama")
    person.answer("Install it?", "y")
    person.answer("Where does Ollama listen?", f"http://127.0.0.1:{server.port}/v1\r")
    person.wait_for(f"{ollama.MODEL} - context {ollama.WINDOW} of 131072")
    person.type("\r")
    person.wait_for(f"[{ollama.WINDOW}]")
    person.type("\r")
    person.wait_for("installed preset mistral-ollama")
    assert person.end() == 0, person.shown

    run = sandbox.prompt_preset("mistral-ollama", "What does a.txt say?", "--allowedTools", "Read")
    assert run.succeeded() and run.text == "It says harbour.", (run.code, run.result, run.stderr)
    results = [message for message in server.exchanges[1].messages if message["role"] == "tool"]
    assert len(results) == 1 and "harbour" in json.dumps(results), results
    lines = [line for line in sandbox.logs().splitlines() if " request request=" in line]
    assert lines and all(" provider=ollama " in line for line in lines), lines


CLAIMS = [
    the_imitated_ollama_refuses_what_the_real_one_does_and_what_it_ignores,
    a_key_that_is_typed_once_opens_mistrals_eu_endpoint_from_then_on,
    a_model_of_ollamas_is_found_with_its_window_and_reads_a_file,
]
