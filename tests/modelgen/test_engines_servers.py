"""Several addresses of one model: load, failures, rests, recovery. Against a stand-in that fails as it is told to."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import wraps
from typing import Any

import numpy as np
import pytest

from modelgen.engines.connection import Connection
from modelgen.engines.protocol import CallRefused, EngineDown, Generate
from modelgen.engines.servers import Patience, Servers
from modelgen.engines.vllm import PROBE_PATH, VllmEngine
from tests.modelgen.standin import Answer, StandIn, chat, in_turn, standing_in

ASK = Generate("judge", ({"role": "user", "content": "Is it?"},))
QUICK = Patience(
    first_rest_seconds=0.02, longest_rest_seconds=0.05, unreachable_seconds=0.3, failed_seconds=0.5, busy_seconds=0.6
)
GARBAGE = (
    Answer(b"<html>proxy</html>"),
    Answer({"choices": "none"}),
    Answer([]),
    Answer({}),
    chat(finish_reason="abort"),
    chat(finish_reason="error"),
    chat(finish_reason=None),
    Answer({"choices": [{"index": 0, "finish_reason": "stop"}]}),
)


def engine_at(*servers: StandIn | str, patience: Patience = QUICK) -> VllmEngine:
    addresses = [server if isinstance(server, str) else server.address for server in servers]
    connections = [Connection(address, probe_path=PROBE_PATH) for address in addresses]
    return VllmEngine(Servers("m", connections, rng=np.random.default_rng(5), patience=patience), "m")


def told(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine."""

    @wraps(story)
    def test(*arguments: Any, **named: Any) -> None:
        asyncio.run(asyncio.wait_for(story(*arguments, **named), 20))

    return test


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


# --- load -------------------------------------------------------------------------------------------------------


@told
async def test_calls_spread_over_the_addresses():
    slow = lambda asked: Answer(chat().body, after=0.05)  # noqa: E731
    async with standing_in(slow, slow) as servers:
        engine = engine_at(*servers)
        await asyncio.gather(*(engine.reply(ASK) for _ in range(20)))
        assert [len(server.asked) for server in servers] == [10, 10]
        await engine.aclose()


@told
async def test_the_slower_address_gets_fewer_calls():
    async with standing_in(
        lambda asked: Answer(chat().body, after=0.2), lambda asked: Answer(chat().body, after=0.01)
    ) as (slow, fast):
        engine = engine_at(slow, fast, patience=Patience(most_at_once=2))
        await asyncio.gather(*(engine.reply(ASK) for _ in range(24)))
        assert len(fast.asked) > 2 * len(slow.asked)
        await engine.aclose()


@told
async def test_no_more_calls_are_in_flight_than_allowed():
    async with standing_in(lambda asked: Answer(chat().body, after=0.005)) as (server,):
        engine = engine_at(server, patience=Patience(most_at_once=3))
        await asyncio.gather(*(engine.reply(ASK) for _ in range(30)))
        assert (len(server.asked), server.most_in_flight) == (30, 3)
        await engine.aclose()


@told
async def test_calls_that_are_cancelled_give_their_places_back():
    async with standing_in(lambda asked: Answer(chat().body, after=0.3 if len(server.asked) <= 2 else 0.0)) as (
        server,
    ):
        engine = engine_at(server, patience=Patience(most_at_once=2))
        asked = [asyncio.create_task(engine.reply(ASK)) for _ in range(6)]
        await asyncio.sleep(0.05)
        for task in asked[:4]:  # two in flight, two waiting
            task.cancel()
        assert [reply.text for reply in await asyncio.gather(*asked[4:])] == ["Yes.", "Yes."]
        assert all(task.cancelled() for task in asked[:4])
        await engine.aclose()


# --- failures that heal -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [*GARBAGE, Answer({"error": {"message": "oh"}}, 500), Answer(hangs_up=True)], ids=repr)
@told
async def test_what_fails_is_asked_again(bad):
    async with standing_in(in_turn(bad, chat("Good."))) as (server,):
        engine = engine_at(server)
        reply = await engine.reply(ASK)
        assert (reply.text, len(server.asked)) == ("Good.", 2)
        assert server.health_asked >= 1
        await engine.aclose()


@told
async def test_an_address_that_fails_is_left_alone_until_it_is_well():
    async with standing_in(in_turn(Answer({}, 500), chat("one")), lambda asked: chat("two")) as (ill, well):
        ill.is_well = False
        engine = engine_at(ill, well)
        first = [(await engine.reply(ASK)).text for _ in range(10)]
        assert (first, len(ill.asked)) == (["two"] * 10, 1)
        ill.is_well = True
        while (await engine.reply(ASK)).text != "one":
            await asyncio.sleep(0.01)
        assert len(ill.asked) == 2
        await engine.aclose()


@told
async def test_half_of_the_addresses_may_be_gone():
    async with standing_in(lambda asked: chat()) as (server,):
        engine = engine_at(f"http://127.0.0.1:{unused_port()}", server)
        replies = await asyncio.gather(*(engine.reply(ASK) for _ in range(50)))
        assert {reply.text for reply in replies} == {"Yes."}
        await engine.aclose()


@told
async def test_a_server_that_is_killed_and_started_again_is_found_again():
    async with standing_in(lambda asked: Answer(chat().body, after=0.02)) as (server,):
        engine = engine_at(
            server, patience=Patience(first_rest_seconds=0.02, longest_rest_seconds=0.05, most_at_once=4)
        )
        asked = [asyncio.create_task(engine.reply(ASK)) for _ in range(20)]
        await asyncio.sleep(0.05)
        await server.stop()
        await asyncio.sleep(0.2)
        await server.start()
        assert {reply.text for reply in await asyncio.gather(*asked)} == {"Yes."}
        await engine.aclose()


# --- "later" ----------------------------------------------------------------------------------------------------


def date_in(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(("status", "wanted"), [(429, "1"), (503, "1"), (429, "a date")])
@told
async def test_an_address_that_says_later_is_asked_then_and_not_before(status, wanted):
    header = date_in(2) if wanted == "a date" else wanted
    loop = asyncio.get_running_loop()
    async with standing_in(in_turn(Answer({}, status, {"Retry-After": header}), chat())) as (server,):
        engine = engine_at(server, patience=Patience(first_rest_seconds=0.01))
        began = loop.time()
        await engine.reply(ASK)
        assert loop.time() - began >= 0.9
        assert (len(server.asked), server.health_asked) == (2, 0)
        await engine.aclose()


@told
async def test_later_for_ever_is_down_in_the_end():
    async with standing_in(lambda asked: Answer({"error": "too many"}, 429, {"Retry-After": "9999"})) as (server,):
        engine = engine_at(server)
        with pytest.raises(EngineDown, match="429: too many"):
            await engine.reply(ASK)
        await engine.aclose()


# --- failures that do not ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 413, 422])
@pytest.mark.parametrize(
    "body",
    [{"error": {"message": "too long"}}, {"message": "too long"}, {"detail": "too long"}, {"error": "too long"}],
    ids=str,
)
@told
async def test_what_the_server_refuses_is_not_asked_again(status, body):
    async with standing_in(lambda asked: Answer(body, status)) as (server,):
        engine = engine_at(server)
        with pytest.raises(CallRefused, match=f"refused the call with {status}: too long$"):
            await engine.reply(ASK)
        assert len(server.asked) == 1
        await engine.aclose()


@told
async def test_when_nobody_listens_everybody_is_told_soon_and_later_callers_at_once():
    loop = asyncio.get_running_loop()
    ports = [unused_port(), unused_port()]
    engine = engine_at(*(f"http://127.0.0.1:{port}" for port in ports))
    began = loop.time()
    said = await asyncio.gather(*(engine.reply(ASK) for _ in range(40)), return_exceptions=True)
    assert loop.time() - began > 0.25
    assert {type(error) for error in said} == {EngineDown}
    assert "No server of m answers" in str(said[0])
    assert all(f"http://127.0.0.1:{port} cannot be reached (nobody listens there)" in str(said[0]) for port in ports)
    with pytest.raises(EngineDown):
        await engine.reply(ASK)
    await engine.aclose()


@told
async def test_a_server_that_dies_in_the_middle_is_known_to_be_gone_and_not_merely_ill():
    async with standing_in(lambda asked: Answer(chat().body, after=5.0)) as (server,):
        engine = engine_at(
            server, patience=Patience(first_rest_seconds=0.02, unreachable_seconds=0.2, failed_seconds=600)
        )
        asked = asyncio.gather(*(engine.reply(ASK) for _ in range(4)), return_exceptions=True)
        await asyncio.sleep(0.05)
        await server.stop()
        said = await asked
        assert {type(error) for error in said} == {EngineDown}
        assert "nobody listens there" in str(said[0])
        await engine.aclose()


@told
async def test_a_call_that_always_fails_where_nothing_else_does_is_refused():
    bad = Generate("judge", "poison")
    async with standing_in(lambda asked: Answer({}, 500) if asked.body.get("prompt") else chat()) as (server,):
        engine = engine_at(server)

        async def others() -> None:
            while True:
                await engine.reply(ASK)
                await asyncio.sleep(0.01)

        beside = asyncio.create_task(others())
        with pytest.raises(CallRefused, match="m failed 6 times on this call while it answered others"):
            await engine.reply(bad)
        beside.cancel()
        await engine.aclose()


@told
async def test_a_server_that_always_fails_is_down():
    async with standing_in(lambda asked: Answer({"error": {"message": "engine dead"}}, 500)) as (server,):
        engine = engine_at(server)
        with pytest.raises(EngineDown, match="500: engine dead"):
            await engine.reply(ASK)
        await engine.aclose()


@pytest.mark.parametrize("status", [401, 402, 403])
@told
async def test_a_wrong_key_is_told_at_once(status):
    async with standing_in(lambda asked: Answer({"error": {"message": "bad key"}}, status)) as (server,):
        engine = engine_at(server)
        with pytest.raises(EngineDown, match=f"{status}: bad key"):
            await engine.reply(ASK)
        assert len(server.asked) == 1
        await engine.aclose()


# --- an engine that is used now and then ------------------------------------------------------------------------


def test_a_loop_that_stood_still_while_the_server_came_back_does_not_give_up():
    """Engines outlive a piece of work; between two the loop does not run, and nobody looks whether the server is back."""
    server = StandIn(lambda asked: chat())
    server.port = unused_port()
    with asyncio.Runner() as runner:
        engine = engine_at(server.address)
        with pytest.raises(EngineDown):
            runner.run(engine.reply(ASK))

        async def come_back_while_nobody_looks() -> None:
            await server.start()
            time_to_wake = asyncio.get_running_loop().time() + 2 * QUICK.longest_rest_seconds
            while asyncio.get_running_loop().time() < time_to_wake:
                pass  # as a loop that does not run: no timer is heeded

        async def asked_again() -> str:
            await come_back_while_nobody_looks()
            return (await engine.reply(ASK)).text

        assert runner.run(asked_again()) == "Yes."
        runner.run(engine.aclose())
        runner.run(server.stop())
