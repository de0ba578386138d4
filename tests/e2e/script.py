"""What the imitated service answers, step by step.

A script is a list of steps; the server plays it as a stream, or as one JSON
body when the request did not ask for a stream.
"""

import dataclasses
import json


@dataclasses.dataclass
class Text:
    """A piece of the answer; `chunked` sends it as a list of chunks instead of a string."""

    text: str
    chunked: bool = False

    def delta(self):
        return {"content": [self.chunk()] if self.chunked else self.text}

    def chunk(self):
        return {"type": "text", "text": self.text}


@dataclasses.dataclass
class Think:
    """A piece of reasoning, in the list form in which Mistral streams it."""

    text: str

    def delta(self):
        return {"content": [self.chunk()]}

    def chunk(self):
        return {"type": "thinking", "thinking": [{"type": "text", "text": self.text}]}


@dataclasses.dataclass
class Call:
    """One tool call with a nine-character id."""

    id: str
    name: str
    arguments: dict

    def whole(self, index):
        arguments = json.dumps(self.arguments, ensure_ascii=False)
        return {
            "id": self.id,
            "type": "function",
            "index": index,
            "function": {"name": self.name, "arguments": arguments},
        }


class Calls(list):
    """Tool calls of one turn, each complete, all in one delta."""

    def delta(self):
        return {"tool_calls": [call.whole(index) for index, call in enumerate(self)]}


@dataclasses.dataclass
class Fragment:
    """A part of one call's arguments; only the first names the call."""

    call: Call
    index: int
    start: int
    end: int

    def delta(self):
        whole = self.call.whole(self.index)
        text = whole["function"]["arguments"][self.start : self.end]
        first = self.start == 0
        return {
            "tool_calls": [
                {
                    "id": self.call.id if first else "null",
                    "index": self.index,
                    "function": {"name": self.call.name if first else "", "arguments": text},
                }
            ]
        }


@dataclasses.dataclass
class Finish:
    """The finish reason, with the usage on the same chunk, then `[DONE]`."""

    reason: str
    output: int = 7
    cached: int = 0


@dataclasses.dataclass
class Status:
    """An answer that is an error from its first byte."""

    status: int
    body: dict
    headers: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Cut:
    """The connection is reset without an end."""


@dataclasses.dataclass
class Stall:
    """Nothing is sent for some seconds."""

    seconds: float


@dataclasses.dataclass
class Hold:
    """Nothing more is sent until the client goes away, or for so many seconds."""

    seconds: float = 30.0


def answer(text):
    """Returns a whole answer in two deltas."""
    half = len(text) // 2
    return [Text(text[:half]), Text(text[half:]), Finish("stop")]


def call(*calls):
    """Returns a turn of tool calls as the service streams them: complete, in one delta."""
    return [Calls(calls), Finish("tool_calls")]


def fragments(one, size=5):
    """Returns a turn with one tool call whose arguments come in pieces."""
    length = len(json.dumps(one.arguments, ensure_ascii=False))
    cuts = [Fragment(one, 0, start, start + size) for start in range(0, length, size)]
    return [*cuts, Finish("tool_calls")]


def rate_limited(seconds):
    """Returns the refusal of a request too many, with the time to wait."""
    body = {
        "object": "error",
        "message": "Rate limit exceeded",
        "type": "rate_limited",
        "param": None,
        "code": "1300",
        "raw_status_code": 429,
    }
    return [Status(429, body, {"Retry-After": str(seconds)})]


def refused(refusal):
    """Returns a refusal as a scripted answer."""
    return [Status(refusal.status, refusal.body())]


def usage(prompt, finish):
    """Returns the usage object of the last chunk."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": finish.output,
        "total_tokens": prompt + finish.output,
        "prompt_tokens_details": {"cached_tokens": finish.cached},
        "service_tier": "standard",
    }


def whole(steps):
    """Returns the message of a completion that was not asked for as a stream."""
    chunks = [step.chunk() for step in steps if isinstance(step, (Text, Think))]
    calls = [one for step in steps if isinstance(step, Calls) for one in step]
    for step in steps:
        if isinstance(step, Fragment) and step.call not in calls:
            calls.append(step.call)
    if any(chunk["type"] == "thinking" for chunk in chunks):
        content = chunks
    else:
        content = "".join(chunk["text"] for chunk in chunks)
    listed = [one.whole(index) for index, one in enumerate(calls)] or None
    return {"role": "assistant", "content": content, "tool_calls": listed}
