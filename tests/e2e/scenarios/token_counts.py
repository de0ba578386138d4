"""The service that editors and SDKs speak to, and its token counts."""

import http.client
import json
import socket

import tokens
from script import answer

APIKEY = "e2e-local-secret"
BODY = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 64,
    "system": [
        {"type": "text", "text": "You answer in one word."},
        {"type": "text", "text": "Répondez en français ; 日本語も可。", "cache_control": {"type": "ephemeral"}},
    ],
    "tools": [
        {
            "name": "Read",
            "description": "Reads a file.\n" + "It takes an absolute path. " * 40,
            "input_schema": {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "type": "object",
                "properties": {"path": {"type": "string", "description": "where"}, "limit": {"type": "integer"}},
                "required": ["path"],
                "additionalProperties": False,
            },
        }
    ],
    "messages": [
        {"role": "user", "content": "Read /tmp/a and say what it is."},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I will read it."},
                {"type": "tool_use", "id": "toolu_01A", "name": "Read", "input": {"path": "/tmp/a", "limit": 3}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_01A", "content": "fn main() { println!(\"hi\"); }\n" * 60}
            ],
        },
    ],
}


def a_token_count_equals_the_prompt_that_is_then_sent(sandbox):
    with _service(sandbox) as ask:
        counting = {key: value for key, value in BODY.items() if key != "max_tokens"}
        status, counted = ask("/v1/messages/count_tokens", counting)
        assert status == 200, (status, counted)
        assert not sandbox.upstream.exchanges, "a count asked the upstream"
        status, answered = ask("/v1/messages", BODY)
        assert status == 200, (status, answered)
    (exchange,) = sandbox.upstream.exchanges
    expected = tokens.count(exchange.request)
    assert counted == {"input_tokens": expected}, f"counted {counted}, mistral_common counts {expected}"
    assert answered["content"] == [{"type": "text", "text": "Rust."}], answered
    assert answered["stop_reason"] == "end_turn", answered
    assert answered["usage"]["input_tokens"] == expected, answered["usage"]


def a_request_without_the_key_is_refused(sandbox):
    with _service(sandbox) as ask:
        for key in (None, "wrong"):
            status, body = ask("/v1/messages", BODY, key)
            assert status == 401, (status, body)
            assert body["type"] == "error" and body["error"]["type"] == "authentication_error", body
    assert not sandbox.upstream.exchanges


class _service:
    """`mcr start --foreground` while the block runs; gives a function to post with."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def __enter__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        path = self.sandbox.serve(lambda request, number: answer("Rust."), PORT=port, APIKEY=APIKEY)
        self.child = self.sandbox.spawn("start", "--foreground", "--config", str(path))
        line = self.child.stdout.readline()
        if not line:
            self.sandbox.finish(self.child, 10)
            raise AssertionError("the service ended before it was ready")
        assert json.loads(line) == {"ok": {"port": port}}, line
        self.port = port
        return self.post

    def __exit__(self, *_):
        self.child.terminate()
        run = self.sandbox.finish(self.child, 20)
        assert run.code in (0, 143, -15), f"the service ended with {run.code}"

    def post(self, path, body, key=APIKEY):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", "anthropic-version": "2023-06-01"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, json.loads(text)


CLAIMS = [
    a_token_count_equals_the_prompt_that_is_then_sent,
    a_request_without_the_key_is_refused,
]
