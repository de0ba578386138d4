"""What Mistral's chat endpoint refuses, as one function from a body to a refusal.

Three judges in turn: the published SDK's request model with nothing extra and
nothing coerced, the rules that only the hosted service is known to have, and
`mistral_common`'s own validator and tokenizer in serving mode.
"""

import dataclasses
import re

import pydantic
from mistral_common.exceptions import MistralCommonException
from mistralai.client.models import ChatCompletionRequest, EmbeddingRequest, FIMCompletionRequest

import tokens

#: What `/v1/models` says of each model that the suite's configuration names.
MODELS = {
    "mistral-medium-3-5": {"window": 262_144, "efforts": ("none", "high"), "vision": True},
    "mistral-small-2603": {"window": 262_144, "efforts": ("none", "high"), "vision": True},
}

#: What turns texts into vectors, and what completes code.
EMBEDDER = "mistral-embed"
CODER = "codestral-2508"

ORDER = {
    None: {"system", "user"},
    "system": {"user", "assistant"},
    "user": {"user", "assistant"},
    "assistant": {"user", "assistant", "tool"},
    "tool": {"tool", "assistant"},
}

#: Below these keys any JSON is lawful, so neither nulls nor unknown keys count.
FREE = {"parameters", "metadata", "schema", "arguments"}


@dataclasses.dataclass
class Refusal(Exception):
    """An answer of the service that is not a completion, and the rule behind it."""

    status: int
    code: str | None
    kind: str
    message: object

    def body(self):
        """Returns Mistral's envelope."""
        return {
            "object": "error",
            "message": self.message,
            "type": self.kind,
            "param": None,
            "code": self.code,
            "raw_status_code": self.status,
        }

    def __str__(self):
        return f"{self.status} {self.kind} {self.code}: {self.message}"


def check(body):
    """Returns the number of prompt tokens of a lawful body, or raises a `Refusal`."""
    _no_nulls(body)
    _schema(body, ChatCompletionRequest)
    if body["model"] not in MODELS:
        raise _bad("1500", "invalid_model", f"Invalid model: {body['model']}")
    _sampling(body)
    _tools(body)
    _order(body["messages"])
    _pairing(body["messages"])
    _content(body)
    return _window(body)


def check_embeddings(body):
    """Returns the number of prompt tokens of a lawful body of the embeddings, or raises a `Refusal`."""
    _no_nulls(body)
    _schema(body, EmbeddingRequest)
    _is(body, EMBEDDER)
    return len(body["input"]) if isinstance(body["input"], list) else 1


def check_fim(body):
    """Returns the number of prompt tokens of a lawful body of the code completions, or raises a `Refusal`."""
    _no_nulls(body)
    _schema(body, FIMCompletionRequest)
    _is(body, CODER)
    return 1 + len(body["prompt"]) // 4


def _is(body, model):
    if body["model"] != model:
        raise _bad("1500", "invalid_model", f"Invalid model: {body['model']}")


def overflow(prompt, window=262_144):
    """Returns the refusal of a prompt that does not fit the model."""
    return _bad(
        "3051",
        "invalid_request_invalid_args",
        f"Prompt contains {prompt} tokens and 0 draft tokens, "
        f"too large for model with {window} maximum context length",
    )


def _bad(code, kind, message):
    return Refusal(400, code, kind, message)


def _unprocessable(problem, loc, text, value):
    detail = {"type": problem, "loc": ["body", *loc], "msg": text, "input": value}
    return Refusal(422, None, "invalid_request_error", {"detail": [detail]})


def _no_nulls(value, loc=()):
    if value is None:
        raise _unprocessable("null_forbidden", loc, "Input should not be null", None)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in FREE:
                _no_nulls(inner, (*loc, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            _no_nulls(inner, (*loc, index))


def _schema(body, kind):
    if not isinstance(body, dict):
        raise _unprocessable("model_type", (), "Input should be an object", body)
    try:
        model = kind.model_validate(body)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise _unprocessable(first["type"], first["loc"], first["msg"], None) from None
    # The SDK's models drop what they do not know and coerce what nearly fits;
    # whatever does not come back as it went in would not have been accepted.
    _compare(body, model.model_dump(mode="json", by_alias=True, warnings=False), ())


def _compare(sent, kept, loc):
    if isinstance(sent, dict) and isinstance(kept, dict):
        for key, value in sent.items():
            if key not in kept:
                raise _unprocessable(
                    "extra_forbidden", (*loc, key), "Extra inputs are not permitted", value
                )
            _compare(value, kept[key], (*loc, key))
    elif isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        for index, value in enumerate(sent):
            _compare(value, kept[index], (*loc, index))
    elif sent != kept or isinstance(sent, bool) != isinstance(kept, bool):
        raise _unprocessable("type_error", loc, "Input was coerced", sent)


def _sampling(body):
    effort = body.get("reasoning_effort")
    efforts = MODELS[body["model"]]["efforts"]
    if effort is not None and effort not in efforts:
        listed = ", ".join(f"<ReasoningEffort.{name}: '{name}'>" for name in sorted(efforts))
        raise _bad(
            "3051",
            "invalid_request_invalid_args",
            f"reasoning_effort {effort} is not supported for this model, supported values: [{listed}]",
        )
    if body.get("temperature") == 0 and body.get("top_p") != 1:
        raise _bad(
            "3051", "invalid_request_invalid_args", "top_p must be 1 when using greedy sampling."
        )
    for key, low, high in (("temperature", 0, 1.5), ("top_p", 1e-9, 1), ("max_tokens", 1, 10**9)):
        if key in body and not low <= body[key] <= high:
            raise _unprocessable("out_of_range", (key,), f"Input should be {low} to {high}", body[key])
    if not body.get("prompt_cache_key", "").isascii():
        raise _unprocessable("string_not_ascii", ("prompt_cache_key",), "Input should be ASCII", None)


def _tools(body):
    tools = body.get("tools")
    if tools is None:
        if "tool_choice" in body:
            raise _bad("3250", "invalid_request_tools", "tool_choice is set without tools")
        return
    if not 1 <= len(tools) <= 128:
        raise _unprocessable("too_short", ("tools",), f"{len(tools)} tools, should be 1 to 128", None)
    names = [tool["function"]["name"] for tool in tools]
    for index, name in enumerate(names):
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) or names.count(name) > 1:
            raise _bad("3250", "invalid_request_tools", f"Function name was {name}")
        parameters = tools[index]["function"]["parameters"]
        for key in ("$schema", "$id"):
            if key in parameters:
                raise _bad("3250", "invalid_request_tools", f"Grammar error: {key} in {name}")


def _order(messages):
    before = None
    for message in messages:
        role = message["role"]
        if role not in ORDER[before]:
            where = f"after role '{before}'" if before else "as first role"
            raise _bad("3230", "invalid_request_message_order", f"Unexpected role '{role}' {where}")
        before = role
    last = messages[-1] if messages else {"role": None}
    if last["role"] not in ("user", "tool") and not last.get("prefix"):
        raise _bad(
            "3230",
            "invalid_request_message_order",
            "Expected last role User or Tool (or Assistant with prefix True) "
            f"for serving but got {last['role']}",
        )


def _pairing(messages):
    open_calls = []
    for message in messages:
        if message["role"] == "tool":
            identity = message.get("tool_call_id", "")
            if identity not in open_calls:
                raise _bad(
                    "3230", "invalid_request_message_order", f"Unexpected tool call id {identity}"
                )
            open_calls.remove(identity)
            continue
        if open_calls:
            break
        open_calls = [call.get("id", "null") for call in message.get("tool_calls", ())]
        for identity in open_calls:
            if not re.fullmatch(r"[a-zA-Z0-9]{9}", identity) or open_calls.count(identity) > 1:
                raise _bad(
                    "3280",
                    "invalid_function_call",
                    f"Tool call id was {identity} but must be a-z, A-Z, 0-9, with a length of 9.",
                )
    if open_calls:
        raise _bad(
            "3230",
            "invalid_request_message_order",
            "Not the same number of function calls and responses",
        )


def _content(body):
    for index, message in enumerate(body["messages"]):
        loc = ("messages", index, message["role"], "content")
        content = message.get("content")
        if message["role"] == "assistant" and not content and not message.get("tool_calls"):
            raise _bad(
                "3240",
                "invalid_request_assistant_message",
                "Assistant message must have either content or tool_calls, but not none.",
            )
        if message["role"] == "user" and not content:
            raise _unprocessable("empty", loc, "Input should not be empty", content)
        for chunk in content if isinstance(content, list) else ():
            if chunk["type"] == "thinking" and {"signature", "closed"} & chunk.keys():
                raise _unprocessable("thinking", loc, "signature or closed was replayed", None)
            if chunk["type"] == "image_url":
                _image(body["model"], chunk["image_url"], loc)


def _image(model, image, loc):
    if not MODELS[model]["vision"]:
        raise _bad(
            "3051", "invalid_request_invalid_args", "Image input is not enabled for this model"
        )
    url = image if isinstance(image, str) else image["url"]
    # `mistral_common` would fetch any other address while it counts.
    if not url.startswith("data:image/"):
        raise _unprocessable("image_url", loc, "Only data URLs are taken here", url[:80])


def _window(body):
    try:
        prompt = tokens.count(body)
    except (MistralCommonException, pydantic.ValidationError, ValueError, OSError) as error:
        raise _bad("3051", "invalid_request_invalid_args", f"mistral_common: {error}") from None
    window = MODELS[body["model"]]["window"]
    if prompt + body.get("max_tokens", 0) > window:
        raise overflow(prompt, window)
    return prompt
