"""Streams that do not end as they should: given up, refused, cut."""

import os
import signal
import time

from script import Call, Cut, Fragment, Hold, Text, answer, call, rate_limited

#: How soon the service must see that the agent went away.
SOON = 2.0


def an_interrupt_frees_the_upstream_and_the_session_goes_on(sandbox):
    def play(request, number):
        return [Text("It was a dark and"), Hold()] if number == 1 else answer("A new start.")

    sandbox.serve(play)
    conversation = sandbox.converse()
    conversation.say("Tell a long story.")
    first = _wait_for_hold(sandbox)
    _gone_soon(sandbox, first, conversation.interrupt)
    conversation.wait_results(1, 20)
    conversation.say("Start again.")
    results = conversation.wait_results(2, 60)
    run = conversation.close()
    assert results[1]["result"] == "A new start.", results[1]
    assert results[0].get("result") != "It was a dark and", "half an answer was reported as whole"
    assert run.code == 0, f"exit code {run.code}"
    assert run.summary(), f"no summary on stderr: {run.stderr!r}"


def a_signal_at_the_terminal_ends_the_agent_and_the_upstream(sandbox):
    sandbox.serve(lambda request, number: [Text("It was a dark and"), Hold()])
    child = sandbox.start_prompt("Tell a long story.")
    first = _wait_for_hold(sandbox)
    _gone_soon(sandbox, first, lambda: os.killpg(child.pid, signal.SIGINT))
    run = sandbox.finish(child, 20)
    assert not (run.succeeded() and run.text), f"half an answer was reported as whole: {run.result}"
    assert run.summary(), f"no summary on stderr: {run.stderr!r}"
    assert len(sandbox.upstream.exchanges) == 1, "a request was repeated after the end"


def a_killed_agent_frees_the_upstream_and_its_signal_is_the_exit_code(sandbox):
    sandbox.serve(lambda request, number: [Text("It was a dark and"), Hold()])
    child = sandbox.start_prompt("Tell a long story.")
    first = _wait_for_hold(sandbox)
    agent = sandbox.agent_of(child)
    _gone_soon(sandbox, first, lambda: os.kill(agent, signal.SIGKILL))
    run = sandbox.finish(child, 20)
    assert run.code == 128 + signal.SIGKILL, f"exit code {run.code}"


def a_rate_limit_is_waited_out(sandbox):
    sandbox.serve(lambda request, number: rate_limited(2) if number == 1 else answer("Now it works."))
    run = sandbox.prompt("Hello.")
    assert run.succeeded() and run.text == "Now it works.", run.result
    first, second = (exchange.received for exchange in sandbox.upstream.exchanges)
    assert 1.9 < second - first < 10, f"repeated after {second - first:.2f} s instead of 2"


def a_cut_answer_is_repeated_and_the_half_is_not_kept(sandbox):
    def play(request, number):
        return [Text("HALF of an"), Cut()] if number == 1 else answer("The whole answer.")

    sandbox.serve(play)
    run = sandbox.prompt("Answer.")
    assert run.succeeded() and run.text == "The whole answer.", run.result
    assert len(sandbox.upstream.exchanges) == 2, f"{len(sandbox.upstream.exchanges)} requests"
    assert "HALF" not in run.text


def an_answer_that_is_always_cut_is_an_error(sandbox):
    sandbox.serve(lambda request, number: [Text("HALF of an"), Cut()])
    run = sandbox.prompt("Answer.", CLAUDE_CODE_MAX_RETRIES="1")
    assert not run.succeeded(), f"exit code {run.code}, result {run.result}"
    assert run.result.get("is_error") is not False, run.result
    assert len(sandbox.upstream.exchanges) > 1, "the agent did not try again"


def a_cut_call_writes_no_file(sandbox):
    target = sandbox.project / "half.txt"
    writing = Call("Wr1234567", "Write", {"file_path": str(target), "content": "x" * 200})

    def play(request, number):
        if number == 1:
            return [Fragment(writing, 0, 0, 150), Cut()]
        return answer("Nothing was written.")

    sandbox.serve(play)
    run = sandbox.prompt("Write it.", "--allowedTools", "Write")
    assert run.succeeded() and run.text == "Nothing was written.", run.result
    assert not target.exists(), f"half a file was written: {target.read_text()!r}"
    assert not run.blocks("assistant", "tool_use"), "half a call was handed to the agent"


def a_cut_after_a_call_was_answered_repeats_only_the_cut_turn(sandbox):
    target = sandbox.project / "count.txt"
    counting = {"command": f"echo once >> {target}", "description": "count"}

    def play(request, number):
        if number == 1:
            return call(Call("Ba1234567", "Bash", counting))
        return [Text("HALF"), Cut()] if number == 2 else answer("Counted.")

    sandbox.serve(play)
    run = sandbox.prompt("Count.", "--allowedTools", "Bash")
    assert run.succeeded() and run.text == "Counted.", run.result
    assert target.read_text() == "once\n", "the tool ran more than once"


def _wait_for_hold(sandbox):
    exchanges = sandbox.upstream.exchanges
    reached = sandbox.upstream.wait(lambda: bool(exchanges) and exchanges[0].held is not None, 30)
    assert reached, "the answer was never asked for"
    return exchanges[0]


def _gone_soon(sandbox, exchange, leave):
    began = time.monotonic()
    leave()
    gone = sandbox.upstream.wait(lambda: exchange.gone is not None, 20)
    assert gone, "the upstream connection stayed open for 20 s"
    assert exchange.gone - began < SOON, f"the upstream saw it after {exchange.gone - began:.1f} s"


CLAIMS = [
    an_interrupt_frees_the_upstream_and_the_session_goes_on,
    a_signal_at_the_terminal_ends_the_agent_and_the_upstream,
    a_killed_agent_frees_the_upstream_and_its_signal_is_the_exit_code,
    a_rate_limit_is_waited_out,
    a_cut_answer_is_repeated_and_the_half_is_not_kept,
    an_answer_that_is_always_cut_is_an_error,
    a_cut_call_writes_no_file,
    a_cut_after_a_call_was_answered_repeats_only_the_cut_turn,
]
