"""vLLM killed in the middle of its work: nothing of a broken answer is kept, and work goes on when it is back."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelgen.engines.protocol import EngineDown, Generate, Sampling
from modelgen.engines.servers import Patience
from tests.vllm.conftest import LOADS_WITHIN_SECONDS, VllmServer, engine_at, running

LENGTH = 150
TEXTS = [
    Generate("writer", f"Here are {number} long stories:\n", Sampling(temperature=1.0, most_tokens=LENGTH, seed=number))
    for number in range(2, 14)
]
PATIENT = Patience(unreachable_seconds=LOADS_WITHIN_SECONDS)


@pytest.fixture(scope="module")
def mortal_server(vllm_logs: Path) -> Iterator[VllmServer]:
    """One that tests may kill, if they start it again."""
    yield from running(VllmServer("gemma3-270m", vllm_logs / "mortal.log"))


async def ask_all(*engines, meanwhile):
    """Every text of every engine, with something happening to the server after the first moments."""
    asked = [[asyncio.create_task(engine.reply(call)) for call in TEXTS] for engine in engines]
    await asyncio.sleep(1.0)
    everything = [task for tasks in asked for task in tasks]
    assert not any(task.done() for task in everything), "the server is too fast for this test: ask for longer texts"
    await meanwhile()
    await asyncio.gather(*everything, return_exceptions=True)
    for engine in engines:
        await engine.aclose()
    return [[task.exception() or task.result() for task in tasks] for tasks in asked]


def is_whole(reply) -> bool:
    """A text that ended by itself, or that has every token that it may have."""
    return reply.was_cut == (reply.usage.completion_tokens == LENGTH,)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_who_waits_long_enough_gets_whole_texts_and_the_others_are_told(mortal_server, number):
    async def die_and_come_back() -> None:
        mortal_server.signal(number)
        await asyncio.sleep(15.0)  # longer than the impatient engine waits
        await asyncio.to_thread(mortal_server.end)
        mortal_server.launch()
        await asyncio.to_thread(mortal_server.wait_until_well)

    engines = engine_at(mortal_server), engine_at(mortal_server, patience=PATIENT)
    told, answered = asyncio.run(ask_all(*engines, meanwhile=die_and_come_back))
    assert {type(reply) for reply in told} == {EngineDown}
    assert f"{mortal_server.address} cannot be reached (nobody listens there)" in str(told[0])
    assert all(is_whole(reply) for reply in answered)


def test_the_other_server_takes_over_what_a_killed_one_had(vllm_server, mortal_server):
    async def die() -> None:
        mortal_server.signal(signal.SIGKILL)

    (replies,) = asyncio.run(ask_all(engine_at(mortal_server, vllm_server), meanwhile=die))
    assert all(is_whole(reply) for reply in replies)
