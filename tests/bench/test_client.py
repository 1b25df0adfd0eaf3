"""The client of the benchmarks against a server that says exactly these bytes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import pytest

from bench.client import Answer, Client

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HANG_UP = b""
Ask = Callable[[Client], Awaitable[Answer]]


class Script:
    """A server: one list of answers a connection, in order; after the last of a list it hangs up."""

    def __init__(self, *connections: Sequence[bytes], at_once: int = 65_536) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self._answers = [list(answers) for answers in connections]
        self._at_once = at_once

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = self._answers[self.connections]
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            for answer in answers:
                self.asked.append(await read_request(reader))
                for start in range(0, len(answer), self._at_once):
                    writer.write(answer[start : start + self._at_once])
                    await writer.drain()
                    await asyncio.sleep(0)
        writer.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
    return head + await reader.readexactly(length)


def said(script: Script, *asks: Ask, patience: float = 5.0, keeps: bool = True) -> list[Answer]:
    """What a client gets that asks these things, one after the other."""

    async def play() -> list[Answer]:
        server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Client(f"http://127.0.0.1:{port}", patience=patience, keeps=keeps) as client:
            answers = []
            for ask in asks:
                answers.append(await ask(client))
                await asyncio.sleep(0.02)  # time for a hang-up to arrive
            return answers

    return asyncio.run(play())


def get(client: Client) -> Awaitable[Answer]:
    return client.request("GET", "/page/")


def post(client: Client) -> Awaitable[Answer]:
    return client.request("POST", "/claims/", {"sample": "ä"})


@pytest.mark.parametrize("at_once", [1, 3, 65_536])
@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nab\n\r\nA\r\n0123456789\r\n0\r\n\r\n", b"ab\n0123456789"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n0\r\nLate: 1\r\n\r\n", b"0"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
    ],
)  # fmt: skip
def test_an_answer_is_read_however_it_is_cut(answer, body, at_once):
    """And the next answer on the same connection begins where it ended."""
    script = Script([answer, OK], at_once=at_once)
    first, second = said(script, get, get)
    assert first.body == body
    assert (second.status, second.body) == (200, b"ok")
    assert script.connections == 1


def test_an_answer_may_end_with_the_connection():
    assert said(Script([b"HTTP/1.0 200 OK\r\n\r\nto the end"]), get)[0].body == b"to the end"


def test_a_json_body_is_sent_as_bytes_with_its_length():
    script = Script([OK])
    said(script, post)
    head, body = script.asked[0].split(b"\r\n\r\n")
    assert body == b'{"sample":"\\u00e4"}'
    assert b"Content-Type: application/json" in head
    assert b"Content-Length: %d" % len(body) in head


def test_a_connection_that_the_server_closed_is_replaced_also_for_a_submission():
    script = Script([OK], [OK], [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"], [OK])
    assert [answer.status for answer in said(script, post, post, post, post)] == [200] * 4
    assert script.connections == 4


def test_a_question_without_an_answer_is_asked_again():
    script = Script([HANG_UP], [OK])
    assert said(script, get)[0].ok
    assert len(script.asked) == 2


def test_a_submission_without_an_answer_is_never_sent_twice():
    script = Script([HANG_UP], [OK])
    with pytest.raises(ConnectionResetError, match="hung up"):
        said(script, post)
    assert len(script.asked) == 1


def test_half_an_answer_is_none():
    with pytest.raises(ConnectionResetError, match="before its answer was complete"):
        said(Script([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]), post)


def test_patience_ends():
    with pytest.raises(TimeoutError, match="No answer within"):
        said(Script([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", OK]), post, patience=0.1)


def test_what_is_not_http_is_refused():
    with pytest.raises(ConnectionAbortedError, match="does not speak HTTP"):
        said(Script([b"220 mail.example.com ESMTP\r\n\r\n"]), post)


def test_without_keeping_every_request_has_a_connection():
    script = Script([OK, OK], [OK])
    said(script, post, post, keeps=False)
    assert script.connections == 2
    assert b"Connection: close" in script.asked[0]


def test_cookies_come_back_and_the_token_also_as_a_header():
    given = (
        b"HTTP/1.1 200 OK\r\nset-cookie: csrftoken=abc; Path=/\r\nSet-Cookie: sessionid=1\r\nContent-Length: 0\r\n\r\n"
    )
    taken = b"HTTP/1.1 200 OK\r\nSet-Cookie: sessionid=; Max-Age=0\r\nContent-Length: 0\r\n\r\n"
    script = Script([given, OK, taken, OK])
    said(script, get, post, get, post)
    assert b"Cookie: csrftoken=abc; sessionid=1\r\nX-CSRFToken: abc\r\n" in script.asked[1]
    assert b"Cookie: csrftoken=abc\r\n" in script.asked[3]


def test_a_form_is_sent_with_the_token_of_its_page():
    page = b"HTTP/1.1 200 OK\r\nSet-Cookie: csrftoken=abc; Path=/\r\nContent-Length: 0\r\n\r\n"
    script = Script([page, OK])
    said(script, lambda client: client.submit_form("/login/", {"username": "a&b"}))
    assert script.asked[1].endswith(b"\r\n\r\nusername=a%26b&csrfmiddlewaretoken=abc")


def test_a_late_answer_never_meets_the_next_question():
    async def impatient(client: Client) -> Answer:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.request("POST", "/slow/")
        return await client.request("GET", "/page/")

    late = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nla"  # the rest never comes
    script = Script([late, OK], [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine"])
    assert said(script, impatient)[0].body == b"mine"
