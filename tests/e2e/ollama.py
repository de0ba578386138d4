"""A strict imitation of Ollama: its list, its `/api`, and the rules of its `/v1`.

Ollama leaves fields that it does not know aside without a word, and cuts a prompt that is
longer than the window. Here both are refused, since nobody would notice them there.
"""

import json
import secrets

import rules
import script
import upstream

MODEL = "devstral-small:latest"
WINDOW = 65_536

#: What the request of `/v1/chat/completions` has.
FIELDS = {
    "model", "messages", "stream", "stream_options", "max_tokens", "seed", "stop", "temperature",
    "frequency_penalty", "presence_penalty", "top_p", "response_format", "tools", "reasoning_effort",
}  # fmt: skip


def check(body, model=MODEL):
    """Returns about how many tokens a lawful body for this model has, or raises a `Refusal`."""
    if strangers := set(body) - FIELDS:
        raise _bad(f"fields without effect: {', '.join(sorted(strangers))}")
    if body["model"] != model:
        raise _error(404, "not_found_error", f'model "{body["model"]}" not found, try pulling it first')
    if not body["messages"]:
        raise _bad("[] is too short - 'messages'")
    for message in body["messages"]:
        _message(message)
    for tool in body.get("tools", []):
        assert tool["type"] == "function" and tool["function"]["name"], tool
    # Its tokenizer is the model's; four bytes are a token or more.
    prompt = len(json.dumps(body["messages"])) // 4 + len(json.dumps(body.get("tools", []))) // 4
    if prompt > WINDOW:
        raise _bad(f"truncating input prompt: limit {WINDOW}, prompt {prompt}")
    return prompt


def _message(message):
    role, content = message["role"], message.get("content")
    if role not in ("system", "user", "assistant", "tool"):
        raise _bad(f"invalid role: {role}")
    if isinstance(content, list):
        for part in content:
            if part.get("type") == "image_url":
                if not part["image_url"]["url"].startswith("data:image/"):
                    raise _bad("invalid image input")
            elif part.get("type") != "text":
                raise _bad("invalid message format")
    elif content is None:
        if not message.get("tool_calls"):
            raise _bad("invalid message content type: <nil>")
    elif not isinstance(content, str):
        raise _bad(f"invalid message content type: {type(content).__name__}")
    for call in message.get("tool_calls") or []:
        arguments = call["function"]["arguments"]
        if not isinstance(arguments, str) or not isinstance(json.loads(arguments), dict):
            raise _bad("invalid tool call arguments")
    if role == "tool" and not message.get("tool_call_id"):
        raise _bad("a result without the id of its call")


def _bad(message):
    return _error(400, "invalid_request_error", message)


def _error(status, kind, message):
    return _Refusal(status, None, kind, message)


class _Refusal(rules.Refusal):
    def body(self):
        return {"error": {"message": self.message, "type": self.kind, "param": None, "code": None}}


class Handler(upstream.Handler):
    """Ollama's paths, without a key."""

    model = MODEL

    def do_GET(self):
        if self.path == "/v1/models":
            card = {"id": self.model, "object": "model", "created": 1_790_000_000, "owned_by": "library"}
            self._json(200, {"object": "list", "data": [card]})
        elif self.path == "/api/ps":
            self._json(200, {"models": []})
        else:
            self._json(404, {"error": "404 page not found"})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/api/show":
            self._show(json.loads(raw))
        elif self.path == "/v1/chat/completions":
            self._judge(raw, lambda body: check(body, self.model))
        else:
            self._json(404, {"error": "404 page not found"})

    def _show(self, request):
        if request.get("model") != self.model:
            self._json(404, {"error": f"model '{request.get('model')}' not found"})
            return
        self._json(
            200,
            {
                "parameters": f"num_ctx                        {WINDOW}\nstop                           \"</s>\"",
                "model_info": {"general.architecture": "llama", "llama.context_length": 131_072},
                "capabilities": ["completion", "tools"],
            },
        )

    def _authorized(self):
        return True

    def _chunk(self, exchange, delta, finish=None):
        for call in delta.get("tool_calls", []):
            call["id"] = f"call_{secrets.token_hex(4)}"
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""} | delta}
        choice["finish_reason"] = finish and finish.reason
        self._say(exchange, [choice])
        if finish and exchange.request.get("stream_options", {}).get("include_usage"):
            self._say(exchange, [], usage=_usage(exchange.prompt, finish))

    def _say(self, exchange, choices, **more):
        body = upstream.envelope(exchange, "chat.completion.chunk", None) | {"choices": choices, **more}
        self._frame(f"data: {json.dumps(body | {'system_fingerprint': 'fp_ollama'}, ensure_ascii=False)}\n\n")


def _usage(prompt, finish):
    counts = script.usage(prompt, finish)
    return {name: counts[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
