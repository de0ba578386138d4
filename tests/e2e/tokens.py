"""Counts a chat request as `mistral_common` tokenizes it.

The package ships the ordinary vocabulary with version 3's special tokens only;
the newer layouts are had by writing the same vocabulary out again with the
version and the special tokens they need.
"""

import functools
import hashlib
import json
import os
import pathlib
import tempfile

import mistral_common
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.validator import ValidationMode
from mistral_common.tokens.tokenizers.base import SpecialTokens
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

#: The layout of the models that reason (medium 3.5, small 4, large 4).
LAYOUT = "v15"


def count(body, layout=LAYOUT):
    """Returns the number of prompt tokens of a chat-completions body."""
    return len(encode(body, layout).tokens)


def encode(body, layout=LAYOUT):
    """Validates and tokenizes a body in serving mode, raising what the package raises."""
    return _tokenizer(layout).encode_chat_completion(common_request(body, layout))


def common_request(body, layout=LAYOUT):
    """Returns the body as `mistral_common` spells it: thinking as text, calls without index."""
    request = {"model": body["model"], "messages": [_message(m) for m in body["messages"]]}
    for key in ("tools", "tool_choice", "parallel_tool_calls", "response_format"):
        if key in body:
            request[key] = body[key]
    if "reasoning_effort" in body and layout == LAYOUT:
        request["reasoning_effort"] = body["reasoning_effort"]
    return ChatCompletionRequest.model_validate(request)


def _message(message):
    out = dict(message)
    if isinstance(out.get("content"), list):
        out["content"] = [_chunk(chunk) for chunk in out["content"]]
    if "tool_calls" in out:
        out["tool_calls"] = [_call(call) for call in out["tool_calls"]]
    return out


def _call(call):
    arguments = call["function"]["arguments"]
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {
        "id": call["id"],
        "type": "function",
        "function": {"name": call["function"]["name"], "arguments": arguments},
    }


def _chunk(chunk):
    if chunk.get("type") != "thinking":
        return chunk
    text = "".join(part.get("text", "") for part in chunk["thinking"])
    return {"type": "thinking", "thinking": text, "closed": True}


@functools.cache
def _tokenizer(layout):
    return MistralTokenizer.from_file(str(_vocabulary(layout)), mode=ValidationMode.serving)


def _vocabulary(layout):
    shipped = pathlib.Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
    added = {
        "special_tokens": [
            {"rank": rank, "token_str": str(token), "is_control": True}
            for rank, token in enumerate(SpecialTokens)
        ]
    }
    if layout == LAYOUT:
        effort = {"type": "enum", "values": ["none", "high"], "accepts_none": True, "default": "none"}
        added["model_settings_builder"] = {"reasoning_effort": effort}
    digest = hashlib.sha256(json.dumps(added).encode()).hexdigest()[:8]
    cache = pathlib.Path(os.environ.get("MCR_E2E_CACHE") or tempfile.gettempdir())
    path = cache / f"tekken_{layout}_{digest}.json"
    if not path.exists():
        data = json.loads(shipped.read_text("utf-8")) | added
        data["config"]["version"] = layout
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(data), "utf-8")
        scratch.replace(path)
    return path
