"""A conversation that outgrows the model."""

import json

from rules import overflow
from script import Call, answer, call, refused


def a_prompt_that_is_too_long_is_compacted_and_the_turn_repeated(sandbox):
    kinds = []

    def play(request, number):
        results = sum(message["role"] == "tool" for message in request["messages"])
        if _asks_for_a_summary(request):
            kinds.append("summary")
            return answer("<summary>The user counts; two steps are done. MARK-99</summary>")
        if "compacted" in kinds or "summary" in kinds:
            kinds.append("repeated")
            return answer("Counted to the end.")
        if results < 3:
            kinds.append("step")
            saying = {"command": f"echo step {results}", "description": "say"}
            return call(Call(f"Ba000000{results}", "Bash", saying))
        kinds.append("refused")
        return refused(overflow(300_000))

    sandbox.serve(play)
    run = sandbox.prompt("Count slowly. TASK-55", "--allowedTools", "Bash", seconds=120)
    assert run.succeeded() and run.text == "Counted to the end.", f"{kinds}: {run.result}"
    assert kinds == ["step"] * 3 + ["refused", "summary", "repeated"], kinds
    last = json.dumps(sandbox.upstream.exchanges[-1].messages)
    assert "MARK-99" in last, "the summary is not in the repeated turn"
    assert "echo step 0" not in last, "the old turns are still there"


def _asks_for_a_summary(request):
    last = request["messages"][-1]
    text = json.dumps(last["content"])
    return "summary" in text and len(text) > 3000


CLAIMS = [a_prompt_that_is_too_long_is_compacted_and_the_turn_repeated]
