"""The agent's tools, called by the model."""

import json

from script import Call, answer, call, fragments

TEXT = "first line\nzweite Zeile: äöü \"quoted\" \\ back\n"


def a_complete_call_writes_the_file(sandbox):
    _writes_the_file(sandbox, lambda one: call(one))


def a_call_in_fragments_writes_the_file(sandbox):
    _writes_the_file(sandbox, lambda one: fragments(one, size=3))


def _writes_the_file(sandbox, turn):
    target = sandbox.project / "notes.txt"
    writing = Call("Wr1234567", "Write", {"file_path": str(target), "content": TEXT})
    sandbox.serve(lambda request, number: turn(writing) if number == 1 else answer("Written."))
    run = sandbox.prompt("Write the notes.", "--allowedTools", "Write")
    assert run.succeeded() and run.text == "Written.", run.result
    assert target.read_text("utf-8") == TEXT, target.read_text("utf-8")
    exchanges = sandbox.upstream.exchanges
    assert len(exchanges) == 2, f"{len(exchanges)} requests"
    (replayed,) = _calls(exchanges[1].messages)
    assert replayed["function"]["name"] == "Write"
    assert json.loads(replayed["function"]["arguments"])["content"] == TEXT


def a_failed_tool_is_reported_to_the_model(sandbox):
    missing = Call("Rd1234567", "Read", {"file_path": str(sandbox.project / "absent.txt")})
    sandbox.serve(lambda request, number: call(missing) if number == 1 else answer("It is absent."))
    run = sandbox.prompt("Read absent.txt.", "--allowedTools", "Read")
    assert run.succeeded() and run.text == "It is absent.", run.result
    (result,) = [m for m in sandbox.upstream.exchanges[1].messages if m["role"] == "tool"]
    assert "not exist" in json.dumps(result["content"]), result


def three_calls_of_one_turn_come_back_paired(sandbox):
    names = ("one", "two", "three")
    for name in names:
        (sandbox.project / f"{name}.txt").write_text(f"the word is {name}-{len(name)}\n")
    reading = [
        Call(f"Rd00000{number:02}", "Read", {"file_path": str(sandbox.project / f"{name}.txt")})
        for number, name in enumerate(names)
    ]
    sandbox.serve(lambda request, number: call(*reading) if number == 1 else answer("All read."))
    run = sandbox.prompt("Read the three files.", "--allowedTools", "Read")
    assert run.succeeded() and run.text == "All read.", run.result
    exchanges = sandbox.upstream.exchanges
    assert len(exchanges) == 2, f"{len(exchanges)} requests"
    messages = exchanges[1].messages
    calls = _calls(messages)
    assert len(calls) == 3, f"{len(calls)} calls replayed"
    results = {m["tool_call_id"]: json.dumps(m["content"]) for m in messages if m["role"] == "tool"}
    for one in calls:
        path = json.loads(one["function"]["arguments"])["file_path"]
        name = path.rsplit("/", 1)[1].removesuffix(".txt")
        assert f"the word is {name}-{len(name)}" in results[one["id"]], f"{name}: {results}"
    order = [m["tool_call_id"] for m in messages if m["role"] == "tool"]
    assert order == [one["id"] for one in calls], "the results are not in the order of the calls"


def a_subagent_works_and_reports_back(sandbox):
    marker = "SUB-4711"

    def play(request, number):
        text = json.dumps(request["messages"])
        results = [m for m in request["messages"] if m["role"] == "tool"]
        if f"Find the number. {marker}" not in text:
            delegating = {
                "description": "find the number",
                "prompt": f"Find the number. {marker}",
                "subagent_type": "general-purpose",
                "run_in_background": False,
            }
            return call(Call("Ag1234567", _delegating_tool(request), delegating))
        if not _calls(request["messages"]):
            reading = {"file_path": str(sandbox.project / "number.txt")}
            return call(Call("Rd1234567", "Read", reading))
        if any("4096" in json.dumps(m["content"]) for m in results):
            return answer("The number is 4096.")
        return answer("still waiting")

    (sandbox.project / "number.txt").write_text("4096\n")
    sandbox.serve(play)
    run = sandbox.prompt("Delegate it.", "--allowedTools", "Task,Agent,Read", seconds=120)
    assert run.succeeded() and run.text == "The number is 4096.", run.result
    exchanges = sandbox.upstream.exchanges
    main, delegate = (exchange.messages[0] for exchange in exchanges[:2])
    assert main["role"] == delegate["role"] == "system"
    assert main["content"] != delegate["content"], "the subagent has the agent's own prompt"
    last = exchanges[-1].messages
    (delegated,) = _calls(last)
    assert marker in delegated["function"]["arguments"], delegated
    assert "The number is 4096." in json.dumps([m["content"] for m in last if m["role"] == "tool"])


def _delegating_tool(request):
    names = [tool["function"]["name"] for tool in request["tools"]]
    return next(name for name in ("Agent", "Task") if name in names)


def _calls(messages):
    return [one for message in messages for one in message.get("tool_calls", ())]


CLAIMS = [
    a_complete_call_writes_the_file,
    a_call_in_fragments_writes_the_file,
    a_failed_tool_is_reported_to_the_model,
    three_calls_of_one_turn_come_back_paired,
    a_subagent_works_and_reports_back,
]
