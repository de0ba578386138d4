"""The imitation itself: it would be worthless if it took everything."""

import copy

import rules

IMAGE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)


def lawful():
    """Returns a body that uses every part of the request which mcr may send."""
    reading = {"name": "Read", "arguments": '{"path":"a"}'}
    schema = {"type": "object", "properties": {"path": {"type": "string", "default": None}}}
    return {
        "model": "mistral-medium-3-5",
        "max_tokens": 100,
        "temperature": 1,
        "stream": True,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "prompt_cache_key": "session-1",
        "reasoning_effort": "high",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Read a."},
                    {"type": "image_url", "image_url": {"url": IMAGE}},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Reading."}]},
                    {"type": "text", "text": "I read it."},
                ],
                "tool_calls": [{"id": "abcdefghi", "type": "function", "index": 0, "function": reading}],
            },
            {"role": "tool", "tool_call_id": "abcdefghi", "name": "Read", "content": "text"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "Read", "description": "", "parameters": schema}}
        ],
    }


def _messages(change):
    return lambda body: change(body["messages"])


def _set(key, value):
    return lambda body: body.update({key: value})


def _function(body):
    return body["tools"][0]["function"]


#: A change to the lawful body, and a part of the refusal it must meet.
UNLAWFUL = [
    (_set("stream_options", {}), "extra_forbidden"),
    (_set("max_completion_tokens", 1), "extra_forbidden"),
    (_set("seed", 1), "extra_forbidden"),
    (_set("user", "me"), "extra_forbidden"),
    (_set("tools", []), "0 tools"),
    (_set("stop", None), "null_forbidden"),
    (_set("max_tokens", "100"), "coerced"),
    (_set("max_tokens", 262_144), "too large for model with 262144 maximum context length"),
    (_set("model", "claude-opus-4-8"), "Invalid model"),
    (_set("reasoning_effort", "low"), "reasoning_effort low is not supported"),
    (_set("reasoning_effort", "huge"), "reasoning_effort"),
    (_set("temperature", 0), "top_p must be 1"),
    (_set("tool_choice", {"type": "auto"}), "missing"),
    (_set("prompt_cache_key", "clé"), "ASCII"),
    (_set("messages", []), "Expected last role"),
    (lambda body: body.pop("tools"), "tool_choice is set without tools"),
    (lambda body: body["tools"][0].update(strict=True), "extra_forbidden"),
    (lambda body: body["tools"].append(body["tools"][0]), "Function name was Read"),
    (lambda body: _function(body).update(name="x" * 65), "Function name was x"),
    (lambda body: _function(body).update(name="a.b"), "Function name was a.b"),
    (lambda body: _function(body)["parameters"].update({"$schema": "x"}), "$schema"),
    (lambda body: _function(body)["parameters"].update(minimum=True), "Invalid tool schema"),
    (_messages(lambda m: m[0].update(cache_control={})), "extra_forbidden"),
    (_messages(lambda m: m[1]["content"][0].update(cache_control={})), "extra_forbidden"),
    (_messages(lambda m: m[1]["content"][1].update(image_url="file:///a")), "Only data URLs"),
    (_messages(lambda m: m[1]["content"].append({"type": "image", "source": {}})), "coerced"),
    (_messages(lambda m: m[1].update(name="me")), "extra_forbidden"),
    (_messages(lambda m: m[1].update(role="developer")), "union_tag_invalid"),
    (_messages(lambda m: m[1].update(content="")), "empty"),
    (_messages(lambda m: m[2].update(reasoning_content="x")), "extra_forbidden"),
    (_messages(lambda m: m[2].update(content=None)), "null_forbidden"),
    (_messages(lambda m: m[2]["content"][0].update(signature="x")), "replayed"),
    (_messages(lambda m: m[2]["content"][0].update(thinking="x")), "coerced"),
    (_messages(lambda m: m[2]["tool_calls"][0].update(id="toolu_01")), "length of 9"),
    (_messages(lambda m: m[3].update(is_error=True)), "extra_forbidden"),
    (_messages(lambda m: m[3].update(tool_call_id="123456789")), "Unexpected tool call id"),
    (_messages(lambda m: m.append(m[3])), "Unexpected tool call id"),
    (_messages(lambda m: m.append({"role": "user", "content": "x"})), "'user' after role 'tool'"),
    (_messages(lambda m: m.insert(2, m[0])), "'system' after role 'user'"),
    (_messages(lambda m: m.__setitem__(3, m[1])), "Not the same number"),
    (_messages(lambda m: m.insert(2, {"role": "assistant", "content": ""})), "3240"),
    (_messages(lambda m: m.append({"role": "assistant", "content": "x"})), "but got assistant"),
]


def the_imitation_refuses_what_mistral_refuses(_):
    for number, (change, expected) in enumerate(UNLAWFUL):
        body = copy.deepcopy(lawful())
        change(body)
        try:
            rules.check(body)
        except rules.Refusal as refusal:
            found = str(refusal)
            assert expected in found, f"change {number}: expected {expected!r} in {found!r}"
        else:
            raise AssertionError(f"change {number} was accepted, expected {expected!r}")


def the_imitation_takes_what_mistral_takes(_):
    variants = [
        lambda body: None,
        _set("temperature", 1.5),
        _messages(lambda m: m[3].update(content=m[1]["content"])),
        _messages(lambda m: m[2].pop("content")),
        _messages(lambda m: m.append({"role": "assistant", "content": "x", "prefix": True})),
        _messages(lambda m: m.insert(1, {"role": "user", "content": "Hello."})),
    ]
    for change in variants:
        body = copy.deepcopy(lawful())
        change(body)
        assert rules.check(body) > 40


CLAIMS = [the_imitation_refuses_what_mistral_refuses, the_imitation_takes_what_mistral_takes]
