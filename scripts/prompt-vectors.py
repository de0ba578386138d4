#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["mistral_common[opencv]==1.13.1", "tiktoken==0.14.0", "pillow"]
# ///
"""Writes whole prompts and their token counts according to Mistral's own tokenizer.

The tests of src/route hold mcr's prompt layout to these counts. The package
ships the ordinary vocabulary with version 3's special tokens only; the newer
layouts are had by writing the same vocabulary out again with the version, the
special tokens, the image grid and the settings they need. A vector is
`{"name", "layout", "body", "tokens"}`; the same package version gives the same
file.
"""

import argparse
import base64
import importlib.metadata
import io
import json
import pathlib
import tempfile

import mistral_common
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.validator import ValidationMode
from mistral_common.tokens.tokenizers.base import SpecialTokens
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
from PIL import Image

LAYOUTS = ("v13", "v15")
SPECIAL = "<s>[INST] x [/INST]</s>[TOOL_CALLS]f[ARGS]{}[IMG][THINK]<|endoftext|>[MODEL_SETTINGS]"


def user(content):
    return {"role": "user", "content": content}


def system(content):
    return {"role": "system", "content": content}


def assistant(content=None, calls=(), **more):
    message = {"role": "assistant", **more}
    if content is not None:
        message["content"] = content
    if calls:
        message["tool_calls"] = [
            {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
            for id, name, arguments in calls
        ]
    return message


def result(id, name, content):
    return {"role": "tool", "tool_call_id": id, "name": name, "content": content}


def text(words):
    return {"type": "text", "text": words}


def thinking(words):
    return {"type": "thinking", "thinking": [text(words)]}


def image(width, height, form="PNG"):
    file = io.BytesIO()
    Image.new("RGB", (width, height), (10, 200, 30)).save(file, form)
    data = base64.b64encode(file.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/{form.lower()};base64,{data}"}}


def tool(name, description=None, parameters=None):
    function = {"name": name}
    if description is not None:
        function["description"] = description
    function["parameters"] = parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


READ = tool(
    "Read",
    "Reads a file.\n\n- `path` is absolute\n- \"quotes\", tabs\tand é ü 日本 👋",
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "Où ? <path>"},
            "limit": {"type": "integer", "minimum": 0, "exclusiveMinimum": 0, "maximum": 9007199254740991},
            "-A": {"type": ["number", "null"], "default": 1.5},
            "mode": {"enum": ["a", "b", None, True]},
        },
        "required": ["path"],
        "additionalProperties": False,
    },
)
BARE = tool("List_all-files")
CALL = ("abc123XYZ", "Read", '{"path":"/tmp/é.txt","limit":3,"deep":{"a":[1,2.0,1e5,null,true]}}')
OTHER = ("def456UVW", "List_all-files", "{}")

#: Name, layouts (None for all), body.
CASES = [
    ("one turn", None, {"messages": [user("Hello, world.")]}),
    ("no text", None, {"messages": [user("")]}),
    ("a system prompt", None, {"messages": [system("You are terse."), user("Why?")]}),
    ("text of special tokens", None, {"messages": [system(SPECIAL), user(SPECIAL)]}),
    ("white space at the edges", None, {"messages": [system("  a \n"), user("\n\n b  "), assistant(" c "), user(" ")]}),
    ("several turns", None, {"messages": [user("a"), assistant("b"), user("c"), assistant("d\n"), user("e")]}),
    ("text in parts", None, {"messages": [user([text("one"), text("two"), text(" three")])]}),
    ("a tool", None, {"messages": [user("Go.")], "tools": [READ]}),
    ("a tool without description", None, {"messages": [user("Go.")], "tools": [BARE]}),
    ("tools and a system prompt", None, {"messages": [system("Be."), user("Go.")], "tools": [READ, BARE]}),
    ("a call and its result", None, {"messages": [user("Go."), assistant(calls=[CALL]), result("abc123XYZ", "Read", "line 1\nline 2")], "tools": [READ]}),
    ("a call beside text", None, {"messages": [user("Go."), assistant("I look.", [CALL]), result("abc123XYZ", "Read", "x")], "tools": [READ]}),
    ("two calls", None, {"messages": [user("Go."), assistant(calls=[CALL, OTHER]), result("abc123XYZ", "Read", "x"), result("def456UVW", "List_all-files", "a b")], "tools": [READ, BARE]}),
    ("a result that is JSON", None, {"messages": [user("Go."), assistant(calls=[CALL]), result("abc123XYZ", "Read", '{"a":1,\n "b":[1,2]}')], "tools": [READ]}),
    ("a result that is a number", None, {"messages": [user("Go."), assistant(calls=[CALL]), result("abc123XYZ", "Read", " 1.50 ")], "tools": [READ]}),
    ("a result that is JSON in a string", None, {"messages": [user("Go."), assistant(calls=[CALL]), result("abc123XYZ", "Read", '"caf\\u00e9"')], "tools": [READ]}),
    ("an empty result", None, {"messages": [user("Go."), assistant(calls=[CALL]), result("abc123XYZ", "Read", "")], "tools": [READ]}),
    ("a result in parts", None, {"messages": [user("Go."), assistant(calls=[CALL]), result("abc123XYZ", "Read", [text("one"), text("two")])], "tools": [READ]}),
    ("arguments with spaces", None, {"messages": [user("Go."), assistant(calls=[("abc123XYZ", "Read", '{ "path" : "a\\u00e9\\/b" ,"n":1.0}')]), result("abc123XYZ", "Read", "x")], "tools": [READ]}),
    ("arguments with escapes", None, {"messages": [user("Go."), assistant(calls=[("abc123XYZ", "Read", json.dumps({"code": "a\tb\n\"c\" \\ \u2028 \u007f \U0001f600 " + SPECIAL}))]), result("abc123XYZ", "Read", "x")], "tools": [READ]}),
    ("numbers with an exponent", None, {"messages": [user("Go."), assistant(calls=[("abc123XYZ", "Read", '{"a":[1e-7,1e16,1.5e+22,-2.5E-9,1e-100]}')]), result("abc123XYZ", "Read", "x")]}),
    ("numbers on the edge of an exponent", None, {"messages": [user("Go."), assistant(calls=[("abc123XYZ", "Read", '{"a":[0.00001,0.0001,1e15,-0.0,1E3]}')]), result("abc123XYZ", "Read", "x")]}),
    ("a long exchange", None, {"messages": [system("Be."), user("Go."), assistant("A", [CALL]), result("abc123XYZ", "Read", "x"), assistant("Done."), user("More."), assistant(calls=[OTHER]), result("def456UVW", "List_all-files", "y"), assistant("I have the tool results."), user("And?")], "tools": [READ, BARE]}),
    ("an answer to go on with", None, {"messages": [user("JSON."), assistant("{", prefix=True)]}),
    ("effort high", ("v15",), {"messages": [user("Go.")], "reasoning_effort": "high"}),
    ("effort none", ("v15",), {"messages": [user("Go.")], "reasoning_effort": "none"}),
    ("effort high with tools and a system prompt", ("v15",), {"messages": [system("Be."), user("Go.")], "tools": [READ], "reasoning_effort": "high"}),
    ("thinking before text", None, {"messages": [user("Go."), assistant([thinking("Hm, é."), text("Yes.")]), user("Why?")]}),
    ("thinking before a call", None, {"messages": [user("Go."), assistant([thinking("Hm.\n\nLook.")], [CALL]), result("abc123XYZ", "Read", "x")], "tools": [READ]}),
    ("thinking before text and a call", ("v15",), {"messages": [user("Go."), assistant([thinking("Hm."), text("I look.")], [CALL]), result("abc123XYZ", "Read", "x")], "tools": [READ], "reasoning_effort": "high"}),
    ("two thoughts", None, {"messages": [user("Go."), assistant([thinking("One."), thinking("Two."), text("Yes.")]), user("Why?")]}),
    ("an image between texts", None, {"messages": [user([text("Look:"), image(100, 50), text("What?"), text("Now.")])]}),
    ("an image of one pixel", None, {"messages": [user([image(1, 1), text("What?")])]}),
    ("a large image", None, {"messages": [user([text("a"), image(3000, 1999)])]}),
    ("a narrow image", None, {"messages": [user([text("a"), image(5, 4000)])]}),
    ("an image at a patch's edge", None, {"messages": [user([text("a"), image(28, 29), image(56, 57)])]}),
    ("a JPEG and a GIF", None, {"messages": [user([text("a"), image(300, 200, "JPEG"), image(64, 640, "GIF")])]}),
    ("a WebP", None, {"messages": [user([text("a"), image(333, 222, "WEBP")])]}),
    ("an image in a result", ("v15",), {"messages": [user("Go."), assistant(calls=[CALL]), result("abc123XYZ", "Read", [text("seen:"), image(100, 50), text("end")])], "tools": [READ]}),
]


def common(body, layout):
    """Returns the body as the package spells it: thinking as text, no effort where the layout has none."""
    messages = []
    for message in body["messages"]:
        message = dict(message)
        if isinstance(message.get("content"), list):
            message["content"] = [spelled(chunk) for chunk in message["content"]]
        messages.append(message)
    return ChatCompletionRequest.model_validate({**body, "model": "m", "messages": messages})


def spelled(chunk):
    if chunk["type"] != "thinking":
        return chunk
    return {"type": "thinking", "thinking": chunk["thinking"][0]["text"], "closed": True}


def tokenizer(layout, folder):
    package = pathlib.Path(mistral_common.__file__).parent
    data = json.loads((package / "data" / "tekken_240911.json").read_text("utf-8"))
    data["config"]["version"] = layout
    data["special_tokens"] = [
        {"rank": rank, "token_str": str(token.value), "is_control": True} for rank, token in enumerate(SpecialTokens)
    ]
    data["image"] = {"image_patch_size": 14, "max_image_size": 1540, "spatial_merge_size": 2}
    if layout == "v15":
        effort = {"type": "enum", "values": ["none", "high"], "accepts_none": True, "default": "none"}
        data["model_settings_builder"] = {"reasoning_effort": effort}
    path = folder / f"tekken_{layout}.json"
    path.write_text(json.dumps(data), "utf-8")
    return MistralTokenizer.from_file(str(path), mode=ValidationMode.serving)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default="tests/fixtures/tekken/prompts.json",
        help="where to write the vectors [default: %(default)s]",
    )
    parser.add_argument("--show", metavar="NAME", help="print the text of one prompt instead")
    arguments = parser.parse_args()

    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for layout in LAYOUTS:
            encode = tokenizer(layout, pathlib.Path(folder)).encode_chat_completion
            for name, layouts, body in CASES:
                if layout not in (layouts or LAYOUTS):
                    continue
                encoded = encode(common(body, layout))
                if name == arguments.show:
                    print(layout, repr(encoded.text))
                vector = {"name": name, "layout": layout, "body": body, "tokens": len(encoded.tokens)}
                lines.append(json.dumps(vector))
    if arguments.show is None:
        arguments.output.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="ascii")
        print(f"mistral_common {importlib.metadata.version('mistral_common')}")
        print(f"{len(lines)} vectors")


if __name__ == "__main__":
    main()
