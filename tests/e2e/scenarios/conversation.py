"""Words, reasoning and pictures."""

import base64
import json
import struct
import zlib

from script import Call, Finish, Text, Think, answer, call
import sandbox as place


def a_prompt_is_answered_and_summed_up_on_stderr(sandbox):
    sandbox.serve(lambda request, number: answer("The sea is grey today."))
    run = sandbox.prompt("How is the sea? Marker QX-17.")
    assert run.succeeded(), f"exit code {run.code}, result {run.result}"
    assert run.text == "The sea is grey today.", run.text
    requests = [exchange.request for exchange in sandbox.upstream.exchanges]
    assert len(requests) == 1, f"{len(requests)} requests for one prompt"
    assert requests[0]["model"] == place.MAIN, requests[0]["model"]
    assert requests[0]["stream"] is True
    text = json.dumps(requests[0]["messages"])
    assert "Marker QX-17." in text, "the prompt did not arrive"
    assert "x-anthropic-billing-header" not in text, "the attribution line went upstream"
    assert run.summary(), f"no summary on stderr: {run.stderr!r}"
    strangers = [line for line in run.stdout.splitlines() if not line.startswith("{")]
    assert not strangers, f"stdout is the agent's alone, but has {strangers}"


def a_prompt_in_plain_text_prints_the_answer_alone(sandbox):
    sandbox.serve(lambda request, number: answer("Grüße, 世界 🌊"))
    run = sandbox.finish(sandbox.spawn("code", "-p", "Greet the world."))
    assert (run.code, run.stdout) == (0, "Grüße, 世界 🌊\n"), (run.code, run.stdout)


def a_failed_run_hands_the_agents_exit_code_on(sandbox):
    sandbox.serve(lambda request, number: answer("unused"))
    run = sandbox.finish(sandbox.spawn("code", "-p", "hello", "--no-such-option"))
    assert run.code == 1, f"exit code {run.code}"
    assert "--no-such-option" in run.stderr, run.stderr
    assert not sandbox.upstream.exchanges


def reasoning_is_shown_and_replayed_as_reasoning(sandbox):
    thought = "The file is small, so I look into it."

    def play(request, number):
        if number == 1:
            reading = Call("Rd1234567", "Read", {"file_path": str(sandbox.project / "a.txt")})
            return [
                Think(thought[:15]),
                Think(thought[15:]),
                Text("I will look. ", chunked=True),
                *call(reading),
            ]
        return [Think("It says harbour."), Text("It says "), Text("harbour."), Finish("stop")]

    (sandbox.project / "a.txt").write_text("harbour\n")
    sandbox.serve(play)
    run = sandbox.prompt("What does a.txt say?", "--allowedTools", "Read")
    assert run.succeeded() and run.text == "It says harbour.", run.result
    shown = [block["thinking"] for block in run.blocks("assistant", "thinking")]
    assert thought in shown, f"the agent saw the reasoning {shown}"
    replayed = [m for m in sandbox.upstream.exchanges[1].messages if m["role"] == "assistant"]
    assert len(replayed) == 1, f"{len(replayed)} assistant messages"
    chunk = {"type": "thinking", "thinking": [{"type": "text", "text": thought}]}
    content = replayed[0].get("content")
    assert isinstance(content, list) and content[0] == chunk, f"replayed as {content!r}"
    assert "I will look." in json.dumps(content[1:]), f"replayed as {content!r}"
    assert replayed[0]["tool_calls"][0]["function"]["name"] == "Read"


def the_prompt_prefix_stays_the_same_within_a_session(sandbox):
    def play(request, number):
        if number < 3:
            return call(Call(f"Bash0000{number}", "Bash", {"command": f"echo {number}", "description": "say"}))
        return answer("Done.")

    sandbox.serve(play)
    run = sandbox.prompt("Count.", "--allowedTools", "Bash")
    assert run.succeeded(), run.result
    first, second, third = (exchange.request for exchange in sandbox.upstream.exchanges)
    for before, after in ((first, second), (second, third)):
        kept = after["messages"][: len(before["messages"])]
        assert kept == before["messages"], "an earlier message changed, so the prompt cache is lost"
        assert before.get("tools") == after.get("tools")
        assert before.get("prompt_cache_key") == after.get("prompt_cache_key")


def an_image_that_the_agent_reads_reaches_the_model(sandbox):
    picture = sandbox.project / "red.png"
    picture.write_bytes(_png(24, 16))

    def play(request, number):
        if number == 1:
            return call(Call("Rd1234567", "Read", {"file_path": str(picture)}))
        return answer("It is red.")

    sandbox.serve(play)
    run = sandbox.prompt("Which colour is red.png?", "--allowedTools", "Read")
    assert run.succeeded() and run.text == "It is red.", run.result
    images = _images(sandbox.upstream.exchanges[1].messages)
    assert len(images) == 1, f"{len(images)} images upstream"
    assert images[0].startswith(b"\x89PNG\r\n"), images[0][:8]


def an_image_in_the_prompt_reaches_the_model(sandbox):
    sandbox.serve(lambda request, number: answer("It is red."))
    png = _png(24, 16)
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png).decode()}
    conversation = sandbox.converse()
    conversation.say([{"type": "text", "text": "Which colour?"}, {"type": "image", "source": source}])
    results = conversation.wait_results(1, 60)
    run = conversation.close()
    assert results[0]["result"] == "It is red." and run.code == 0, results
    assert _images(sandbox.upstream.exchanges[0].messages) == [png]


def _images(messages):
    lists = [m["content"] for m in messages if isinstance(m.get("content"), list)]
    urls = [chunk["image_url"] for chunks in lists for chunk in chunks if chunk["type"] == "image_url"]
    texts = [url if isinstance(url, str) else url["url"] for url in urls]
    return [base64.b64decode(text.split(",", 1)[1]) for text in texts]


def _png(width, height):
    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\xd0\x10\x10" * width) * height
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


CLAIMS = [
    a_prompt_is_answered_and_summed_up_on_stderr,
    a_prompt_in_plain_text_prints_the_answer_alone,
    a_failed_run_hands_the_agents_exit_code_on,
    reasoning_is_shown_and_replayed_as_reasoning,
    the_prompt_prefix_stays_the_same_within_a_session,
    an_image_that_the_agent_reads_reaches_the_model,
    an_image_in_the_prompt_reaches_the_model,
]
