"""The libraries that Python programs use, as they are: another base URL, another key, and nothing else.

`openai` is OpenAI's, `mistralai` Mistral's own. Every claim is tried with what the libraries make of an
answer, not with bytes.
"""

import json
import os
import pathlib
import re
import time

import mistralai.client
import mistralai.client.errors
import openai
import sandbox as place
import upstream
from script import Call, Cut, Status, Text, answer, call

#: Chosen in the configuration, so that the snippet of the README runs as it stands.
TOKEN = "mcr-e2e-token-of-the-clients"
README = pathlib.Path(__file__).resolve().parents[3] / "README.md"
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
HELLO = [{"role": "user", "content": "Hello."}]


class _Service:
    """`mcr start --foreground` while the block runs; knows how clients reach it."""

    def __init__(self, sandbox, play):
        self.sandbox = sandbox
        path = sandbox.serve(play, APIKEY=TOKEN)
        written = json.loads(path.read_text())
        written["Providers"][0]["models"] += [upstream.EMBEDDER, upstream.CODER]
        path.write_text(json.dumps(written))
        self.path = path

    def __enter__(self):
        self.child = self.sandbox.spawn("start", "--foreground", "--port", "0", "--config", str(self.path))
        self.url = f"http://127.0.0.1:{json.loads(self.child.stdout.readline())['ok']['port']}"
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.sandbox.finish(self.child, 20)

    def openai(self, **more):
        return openai.OpenAI(**{"base_url": f"{self.url}/v1", "api_key": TOKEN, "max_retries": 0} | more)

    def mistral(self):
        return mistralai.client.Mistral(server_url=self.url, api_key=TOKEN)


def the_snippet_of_the_readme_runs(sandbox):
    snippet = re.search(r"### Any OpenAI client\n.*?```python\n(.*?)```", README.read_text(), re.DOTALL).group(1)
    with _Service(sandbox, lambda request, number: answer("Forty-two.")) as service:
        printed = []
        environment = {"OPENAI_BASE_URL": f"{service.url}/v1", "OPENAI_API_KEY": TOKEN}
        _with_environment(environment, lambda: exec(snippet, {"print": lambda *words, **_: printed.extend(words)}))
        assert "".join(printed) == "Forty-two." * 2, printed
        assert [exchange.request.get("stream", False) for exchange in sandbox.upstream.exchanges] == [False, True]


def openais_library_asks_and_streams(sandbox):
    with _Service(sandbox, lambda request, number: answer("Bonjour là.")) as service:
        client = service.openai()
        whole = client.chat.completions.create(
            model="mistral-medium-latest", messages=HELLO, max_completion_tokens=50, seed=7, user="me", store=False
        )
        assert whole.choices[0].message.content == "Bonjour là.", whole
        assert whole.model == place.MAIN and whole.usage.completion_tokens == 7, whole
        stream = client.chat.completions.create(
            model=place.MAIN, messages=HELLO, stream=True, stream_options={"include_usage": True}, temperature=0
        )
        chunks = list(stream)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == "Bonjour là.", text
        assert chunks[-1].usage.completion_tokens == 7, chunks[-1]
        raw = client.chat.completions.with_raw_response.create(model="default", messages=HELLO)
        assert raw.headers["x-mcr-target"] == f"mistral,{place.MAIN}", raw.headers
        assert raw.parse()._request_id.startswith("req_"), raw.headers


def openais_library_calls_a_tool_and_says_what_it_gave(sandbox):
    def play(request, number):
        return call(Call("a1B2c3D4e", "weather", {"city": "Paris"})) if number % 2 else answer("Sunny.")

    with _Service(sandbox, play) as service:
        client = service.openai()
        messages = list(HELLO)
        first = client.chat.completions.create(model=place.MAIN, messages=messages, tools=[TOOL], tool_choice="required")
        made = first.choices[0].message
        assert made.tool_calls[0].function.name == "weather", made
        assert json.loads(made.tool_calls[0].function.arguments) == {"city": "Paris"}, made
        # As programs do: the library's own object goes back, with all that Mistral does not know.
        messages += [made, {"role": "tool", "tool_call_id": made.tool_calls[0].id, "content": "sunny"}]
        last = client.chat.completions.create(model=place.MAIN, messages=messages, tools=[TOOL])
        assert last.choices[0].message.content == "Sunny.", last
        # A conversation that began elsewhere has ids that Mistral refuses.
        elsewhere = json.loads(json.dumps(made.model_dump()))
        elsewhere["tool_calls"][0]["id"] = "call_abcdefghijklmnop"
        result = {"role": "tool", "tool_call_id": "call_abcdefghijklmnop", "content": "sunny"}
        messages = [*HELLO, elsewhere, result, {"role": "user", "content": "And now?"}]
        client.chat.completions.create(model=place.MAIN, messages=messages, tools=[TOOL])
        with client.chat.completions.stream(model=place.MAIN, messages=messages, tools=[TOOL]) as stream:
            final = stream.get_final_completion()
        assert final.choices[0].message.content == "Sunny.", final


def openais_library_gets_json_and_vectors_and_the_models(sandbox):
    with _Service(sandbox, lambda request, number: answer('{"city": "Paris"}')) as service:
        client = service.openai()
        mode = client.chat.completions.create(
            model=place.SMALL, messages=HELLO, response_format={"type": "json_object"}
        )
        assert json.loads(mode.choices[0].message.content) == {"city": "Paris"}, mode
        vectors = client.embeddings.create(model=upstream.EMBEDDER, input=["a", "b"])
        assert [item.embedding for item in vectors.data] == [[0.5, -0.25], [0.5, -0.25]], vectors
        assert vectors.usage.prompt_tokens == 2, vectors
        listed = [model.id for model in client.models.list()]
        assert listed[:4] == [place.MAIN, place.SMALL, upstream.EMBEDDER, upstream.CODER], listed
        for name in (place.MAIN, f"mistral/{place.MAIN}", "mcr/default"):
            assert client.models.retrieve(name).id == name, name


def openais_library_raises_what_it_would_of_openai(sandbox):
    full = Status(429, {"message": "Rate limit exceeded", "code": "1300"}, {"Retry-After": "1"})

    def play(request, number):
        return {1: [full], 2: [Text("Half of "), Cut()]}.get(number, answer("Never."))

    with _Service(sandbox, play) as service:
        client = service.openai()
        ask = lambda client, **more: client.chat.completions.create(**{"model": place.MAIN, "messages": HELLO} | more)
        wrong = service.openai(api_key="wrong")
        for expected, code, what in (
            (openai.AuthenticationError, "invalid_api_key", lambda: ask(wrong)),
            (openai.NotFoundError, "model_not_found", lambda: ask(client, model="gpt-4o")),
            (openai.NotFoundError, "model_not_found", lambda: client.models.retrieve("gpt-4o")),
            (openai.BadRequestError, None, lambda: ask(client, messages="Hello.")),
            (openai.BadRequestError, "context_length_exceeded", lambda: ask(client, messages=_long())),
        ):
            raised = _raised(expected, what)
            assert raised.code == code and raised.message, (expected, raised.body)
        service.path.write_text(json.dumps(json.loads(service.path.read_text()) | {"Retry": {"attempts": 1}}))
        _until_reloaded(sandbox)
        limited = _raised(openai.RateLimitError, lambda: ask(client))
        assert limited.response.headers["retry-after"] == "1", limited.response.headers
        heard = []

        def read():
            for chunk in ask(client, stream=True):
                heard.append(chunk.choices[0].delta.content or "")

        cut = _raised(openai.APIError, read)
        assert "".join(heard) == "Half of " and "connection broke" in cut.message, (heard, cut)


def mistrals_library_asks_streams_embeds_and_completes_code(sandbox):
    def play(request, number):
        return answer("    return a + b") if "prompt" in request else answer("Bonjour.")

    with _Service(sandbox, play) as service, service.mistral() as client:
        whole = client.chat.complete(model=place.MAIN, messages=HELLO, safe_prompt=False, random_seed=7)
        assert whole.choices[0].message.content == "Bonjour.", whole
        with client.chat.stream(model="mistral-medium-latest", messages=HELLO) as stream:
            assert "".join(event.data.choices[0].delta.content or "" for event in stream) == "Bonjour."
        tools = client.chat.complete(model=place.MAIN, messages=HELLO, tools=[TOOL], tool_choice="any")
        assert tools.choices[0].message.content == "Bonjour.", tools
        vectors = client.embeddings.create(model=upstream.EMBEDDER, inputs=["a"])
        assert vectors.data[0].embedding == [0.5, -0.25], vectors
        code = client.fim.complete(model="codestral-latest", prompt="def add(a, b):", suffix="")
        assert code.choices[0].message.content == "    return a + b", code
        with client.fim.stream(model=upstream.CODER, prompt="def add(a, b):", suffix="# end") as stream:
            assert "".join(event.data.choices[0].delta.content or "" for event in stream) == "    return a + b"
        cards = client.models.list().data
        assert cards[0].id == place.MAIN and cards[3].capabilities.completion_fim, cards
        assert client.models.retrieve(model_id=place.SMALL).max_context_length == 262_144
        refused = _raised(mistralai.client.errors.SDKError, lambda: client.chat.complete(model="none", messages=HELLO))
        assert refused.status_code == 404 and place.MAIN in refused.body, refused.body


def _raised(expected, what):
    try:
        what()
    except expected as error:
        return error
    raise AssertionError(f"no {expected.__name__}")


def _long():
    return [{"role": "user", "content": "many words " * 200_000}]


def _until_reloaded(sandbox):
    deadline = time.monotonic() + 20
    while "configuration reloaded" not in sandbox.logs():
        assert time.monotonic() < deadline, "the edit was not seen"
        time.sleep(0.05)


def _with_environment(more, what):
    before = dict(os.environ)
    os.environ.update(more)
    try:
        what()
    finally:
        os.environ.clear()
        os.environ.update(before)


CLAIMS = [
    the_snippet_of_the_readme_runs,
    openais_library_asks_and_streams,
    openais_library_calls_a_tool_and_says_what_it_gave,
    openais_library_gets_json_and_vectors_and_the_models,
    openais_library_raises_what_it_would_of_openai,
    mistrals_library_asks_streams_embeds_and_completes_code,
]
