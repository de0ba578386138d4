"""A strict imitation of Mistral's chat service on a loopback port.

Every body is judged by `rules` before its script is played; what is refused is
kept in `refusals`, what came in and how it ended in `exchanges`.
"""

import dataclasses
import http.server
import json
import select
import socket
import struct
import threading
import time

import rules
import script

KEY = "e2e-not-a-real-key"
EMBEDDER, CODER = rules.EMBEDDER, rules.CODER
CHECKS = {
    "/v1/chat/completions": rules.check,
    "/v1/embeddings": rules.check_embeddings,
    "/v1/fim/completions": rules.check_fim,
}


@dataclasses.dataclass
class Exchange:
    """One request, and how its answer ended."""

    number: int
    request: dict
    headers: dict
    received: float
    prompt: int = 0
    outcome: str = "open"
    held: float | None = None
    gone: float | None = None

    @property
    def messages(self):
        return self.request.get("messages", [])


class Upstream:
    """The service, running in threads until its `with` block ends.

    `play(request, number)` returns the steps of the answer; `number` counts
    lawful requests from 1. `handler` says whose rules hold, and `identity` is a
    TLS context to serve with.
    """

    def __init__(self, play, handler=None, identity=None):
        self.play = play
        self.exchanges = []
        self.refusals = []
        self.problems = []
        self.changed = threading.Condition()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler or Handler)
        if identity:
            plain = self._server.socket
            # The handshake is the connection's own thread's business.
            self._server.socket = identity.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self._server.daemon_threads = True
        self._server.upstream = self
        self.port = self._server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def wait(self, condition, seconds):
        """Waits until `condition()` holds; returns whether it did in time."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def note(self, change):
        """Applies a change and wakes whoever waits for it."""
        with self.changed:
            result = change()
            self.changed.notify_all()
        return result

    def admit(self, request, headers):
        """Records a lawful request and returns its exchange."""

        def append():
            number = len(self.exchanges) + 1
            self.exchanges.append(Exchange(number, request, headers, time.monotonic()))
            return self.exchanges[-1]

        return self.note(append)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        if not self._authorized():
            return
        cards = [_card(name, model) for name, model in rules.MODELS.items()]
        if self.path == "/v1/models":
            self._json(200, {"object": "list", "data": cards})
            return
        for card in cards:
            if self.path == f"/v1/models/{card['id']}":
                self._json(200, card)
                return
        self._json(404, {"message": "no Route matched with those values"})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        check = CHECKS.get(self.path)
        if check is None:
            self._refuse(rules.Refusal(404, None, "no_route", f"no Route matched: {self.path}"), None)
            return
        if self._authorized():
            self._judge(raw, check)

    def _judge(self, raw, check):
        """Answers a lawful body and refuses others; `check` is as `rules.check`."""
        request = None
        try:
            request = json.loads(raw)
            self._headers_are_ours()
            prompt = check(request)
        except ValueError as error:
            self._refuse(rules.Refusal(422, None, "json_invalid", str(error)), raw[:200].decode("latin-1"))
            return
        except rules.Refusal as refusal:
            self._refuse(refusal, request)
            return
        self._answer(request, prompt)

    def _authorized(self):
        if self.headers.get("Authorization") == f"Bearer {KEY}":
            return True
        self._refuse(rules.Refusal(401, None, "unauthorized", "Unauthorized"), None)
        return False

    def _headers_are_ours(self):
        if self.headers.get_content_type() != "application/json":
            raise rules.Refusal(422, None, "content_type", self.headers.get_content_type())
        for name in self.headers:
            if name.lower().startswith(("anthropic", "x-api-key", "x-stainless", "x-claude", "cookie")):
                raise rules.Refusal(400, None, "leaked_header", name)

    def _refuse(self, refusal, request):
        upstream = self.server.upstream
        upstream.note(lambda: upstream.refusals.append((refusal, request)))
        self._json(refusal.status, refusal.body())

    def _answer(self, request, prompt):
        upstream = self.server.upstream
        exchange = upstream.admit(request, {name.lower(): value for name, value in self.headers.items()})
        exchange.prompt = prompt
        if request["model"] == EMBEDDER:
            self._json(200, _vectors(request, prompt))
            upstream.note(lambda: setattr(exchange, "outcome", "finished"))
            return
        try:
            steps = upstream.play(request, exchange.number)
            outcome = self._play(exchange, steps)
        except OSError:
            outcome = "disconnected"
            self.close_connection = True
        except Exception as error:
            upstream.problems.append(f"request {exchange.number}: the script failed: {error!r}")
            outcome = "script failed"
            self.close_connection = True
        upstream.note(lambda: setattr(exchange, "outcome", outcome))

    def _play(self, exchange, steps):
        first = steps[0]
        if isinstance(first, script.Status):
            self._json(first.status, first.body, first.headers)
            return str(first.status)
        if not exchange.request.get("stream"):
            return self._whole(exchange, steps)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("mistral-correlation-id", f"e2e-{exchange.number}")
        self.end_headers()
        self._chunk(exchange, {"role": "assistant", "content": ""})
        for step in steps:
            if isinstance(step, (script.Cut, script.Stall, script.Hold)):
                ended = self._pause(exchange, step)
                if ended:
                    return ended
            elif isinstance(step, script.Finish):
                self._chunk(exchange, {"content": ""}, step)
                self._frame("data: [DONE]\n\n")
                self._raw(b"0\r\n\r\n")
                return "finished"
            else:
                self._chunk(exchange, step.delta())
        raise ValueError("a script without an end")

    def _whole(self, exchange, steps):
        for step in steps:
            if isinstance(step, (script.Cut, script.Stall, script.Hold)):
                ended = self._pause(exchange, step)
                if ended:
                    return ended
        finish = next(step for step in steps if isinstance(step, script.Finish))
        choice = {"index": 0, "message": script.whole(steps), "finish_reason": finish.reason}
        body = envelope(exchange, "chat.completion", choice)
        self._json(200, body | {"usage": script.usage(exchange.prompt, finish)})
        return "finished"

    def _pause(self, exchange, step):
        """Does a step that sends nothing; returns the outcome if it ends the exchange."""
        if isinstance(step, script.Cut):
            reset = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            self.close_connection = True
            self.rfile.close()
            self.connection.close()
            return "cut"
        upstream = self.server.upstream
        upstream.note(lambda: setattr(exchange, "held", time.monotonic()))
        if self._client_left(step.seconds):
            upstream.note(lambda: setattr(exchange, "gone", time.monotonic()))
            self.close_connection = True
            return "disconnected"
        if isinstance(step, script.Hold):
            self.close_connection = True
            return "held to the end"
        return None

    def _client_left(self, seconds):
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if not readable:
            return False
        try:
            return self.connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def _chunk(self, exchange, delta, finish=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish and finish.reason}
        body = envelope(exchange, "chat.completion.chunk", choice)
        if finish:
            body["usage"] = script.usage(exchange.prompt, finish)
        self._frame(f"data: {json.dumps(body, ensure_ascii=False)}\n\n")

    def _frame(self, text):
        data = text.encode()
        self._raw(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _raw(self, data):
        self.wfile.write(data)
        self.wfile.flush()

    def _json(self, status, body, headers=None):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self._raw(data)


def envelope(exchange, kind, choice):
    """Returns the body of an answer, or of a piece of one."""
    return {
        "id": f"e2e{exchange.number:029x}",
        "object": kind,
        "created": 1_790_000_000 + exchange.number,
        "model": exchange.request["model"],
        "choices": [choice],
    }


def _vectors(request, prompt):
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    data = [{"object": "embedding", "embedding": [0.5, -0.25], "index": index} for index in range(len(texts))]
    usage = {"prompt_tokens": prompt, "total_tokens": prompt, "completion_tokens": 0}
    return {"id": "e2e", "object": "list", "model": request["model"], "data": data, "usage": usage}


def _card(name, model):
    abilities = {"completion_chat": True, "function_calling": True, "reasoning": True, "vision": True}
    return {
        "id": name,
        "object": "model",
        "created": 1_790_000_000,
        "owned_by": "mistralai",
        "capabilities": abilities,
        "name": name,
        "max_context_length": model["window"],
        "aliases": [],
        "default_model_temperature": 0.7,
        "type": "base",
    }
