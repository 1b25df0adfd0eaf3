"""Programs that run apart: answered in time, or killed and replaced."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modelgen.verifiers.apart import ProgramEnded, Programs, TookTooLong

ECHO = """
import json, os, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked["do"] == "sleep":
        time.sleep(600)
    if asked["do"] == "end":
        raise SystemExit
    if asked["do"] == "half":
        print("{", end="", flush=True)
        raise SystemExit
    said = {"pid": os.getpid(), "environment": sorted(os.environ), "is_spent": asked["do"] == "spend"}
    print(json.dumps(said), flush=True)
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    monkeypatch.setenv("A_SECRET_KEY", "secret")
    path = tmp_path / "echo.py"
    path.write_text(ECHO)
    programs = Programs(path, most=1, seconds=2.0)
    yield programs
    programs.stop()


def pid(programs: Programs, do: str = "tell") -> int:
    return int(programs.answer({"do": do})["pid"])


def is_running(number: int) -> bool:
    return Path(f"/proc/{number}").exists()


def test_a_program_is_started_once_and_knows_no_keys(programs):
    assert pid(programs) == pid(programs) != os.getpid()
    assert "A_SECRET_KEY" not in programs.answer({"do": "tell"})["environment"]


def test_one_that_takes_too_long_is_killed_and_replaced(programs):
    first = pid(programs)
    with pytest.raises(TookTooLong, match="2 seconds"):
        programs.answer({"do": "sleep"})
    assert not is_running(first)
    assert pid(programs) != first


def test_one_whose_asker_was_interrupted_is_replaced(programs):
    """Celery interrupts a process that works for too long; the next answer must not be the last one's."""
    first = pid(programs)

    def interrupt(*_: object) -> None:
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(InterruptedError):
            programs.answer({"do": "sleep"})
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not is_running(first)
    assert pid(programs) != first


@pytest.mark.parametrize("do", ["end", "half"])
def test_one_that_ends_loses_one_question_only(programs, do):
    first = pid(programs)
    with pytest.raises(ProgramEnded):
        programs.answer({"do": do})
    assert pid(programs) != first


def test_one_that_was_killed_from_outside_is_replaced(programs):
    first = pid(programs)
    (program,) = programs.idle()
    program.stop()
    assert pid(programs) != first


def test_one_that_is_spent_answers_and_is_replaced(programs):
    first = pid(programs, do="spend")
    assert not is_running(first)
    assert pid(programs) != first


def test_one_that_cannot_start_is_told(tmp_path):
    (tmp_path / "broken.py").write_text("raise SystemExit(3)")
    with pytest.raises(ProgramEnded):
        Programs(tmp_path / "broken.py").answer({"do": "tell"})


def test_threads_share_the_programs_and_no_answer_goes_to_another(tmp_path):
    path = tmp_path / "twice.py"
    path.write_text(ECHO.replace('{"pid": os.getpid(),', '{"of": asked["do"],'))
    programs, heard = Programs(path, most=2), []
    threads = [
        threading.Thread(target=lambda n=n: heard.append(programs.answer({"do": f"{n}"})["of"] == f"{n}"))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [True] * 20
    assert 1 <= len(programs.idle()) <= 2
    programs.stop()
    assert programs.idle() == []


def test_a_forked_process_starts_programs_of_its_own(programs):
    script = f"""
import os
from pathlib import Path
from modelgen.verifiers.apart import Programs
programs = Programs(Path({str(programs.path)!r}))
mine = programs.answer({{"do": "tell"}})["pid"]
child = os.fork()
if not child:
    os._exit(programs.answer({{"do": "tell"}})["pid"] == mine)
assert os.waitpid(child, 0)[1] == 0
assert programs.answer({{"do": "tell"}})["pid"] == mine
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_programs_end_with_the_process_that_started_them(programs):
    script = f"""
from pathlib import Path
from modelgen.verifiers.apart import Programs
print(Programs(Path({str(programs.path)!r})).answer({{"do": "tell"}})["pid"])
"""
    said = subprocess.run([sys.executable, "-c", script], check=True, timeout=60, capture_output=True, text=True).stdout
    for _ in range(200):
        if not is_running(int(said)):
            return
        threading.Event().wait(0.05)
    pytest.fail("the program outlived its process")
