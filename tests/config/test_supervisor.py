"""The supervisor, with small Python programs as its children."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from config.supervisor import (
    KeepsDying,
    NotReady,
    Patience,
    PortTaken,
    Process,
    ProgramMissing,
    Supervisor,
    port_is_free,
    require_port,
)
from config.supervisor.child import describe_end
from config.supervisor.log import Log

ROOT = Path(__file__).parents[2]
QUICK = Patience(first_pause_seconds=0.02, longest_pause_seconds=0.1, steady_after_seconds=30.0, quick_deaths=5)
STAYS = "import time; print('here', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAYS}"
DIES = "print('I cannot'); raise SystemExit(3)"
HAS_A_CHILD = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {STAYS!r}]).pid); {STAYS}"


def program(name, code, **options):
    return Process(name, [sys.executable, "-c", code], **options)


def eventually(check, seconds=10):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.01)


def lives(process_id):
    """Whether a process runs (a zombie does not)."""
    state = Path(f"/proc/{process_id}/stat")
    if Path("/proc/self/stat").exists():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
        return False
    return subprocess.run(["ps", "-p", str(process_id)], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def supervising(*processes, patience=QUICK, **options):
    said = []
    supervisor = Supervisor(processes, said.append, patience=patience, colour=False, **options)
    supervisor.start()
    try:
        yield supervisor, said
    finally:
        supervisor.kill()
        with contextlib.suppress(KeepsDying):
            supervisor.stop()


def test_a_killed_program_comes_back():
    with supervising(program("web", STAYS)) as (supervisor, said):
        before = supervisor.process_ids()["web"]
        os.kill(before, signal.SIGKILL)
        supervisor.wait_ready(lambda: supervisor.process_ids()["web"] not in (None, before), timeout=10)
        assert any("was killed by SIGKILL" in line for line in said)


def test_a_program_that_may_not_start_yet_waits_for_its_turn_and_again_after_its_death(tmp_path):
    door, started = tmp_path / "open", tmp_path / "started"
    notes_its_start = f"open({str(started)!r}, 'a').write('x'); {STAYS}"
    waits = program("waits", notes_its_start, may_start=door.exists)
    with supervising(program("first", STAYS), waits) as (supervisor, _):
        eventually(lambda: supervisor.process_ids()["first"])
        assert (supervisor.process_ids()["waits"], started.exists()) == (None, False)
        door.touch()
        eventually(started.exists)
        door.unlink()
        os.kill(supervisor.process_ids()["waits"], signal.SIGKILL)
        eventually(lambda: supervisor.process_ids()["waits"] is None)
        door.touch()
        eventually(lambda: started.read_text() == "xx")


def test_a_program_that_ends_by_itself_comes_back_too(tmp_path):
    with supervising(program("beat", f"open({str(tmp_path / 'n')!r}, 'a').write('x')")) as (supervisor, _):
        supervisor.wait_ready(lambda: (tmp_path / "n").exists() and len((tmp_path / "n").read_text()) > 2, 10)


def test_what_a_killed_program_had_started_is_gone_before_it_comes_back():
    with supervising(program("worker", HAS_A_CHILD)) as (supervisor, said):
        eventually(lambda: any(line.split()[-1].isdigit() for line in said))
        orphan = int(next(line for line in said if line.split()[-1].isdigit()).split()[-1])
        assert lives(orphan)
        os.kill(supervisor.process_ids()["worker"], signal.SIGKILL)
        eventually(lambda: not lives(orphan))


def test_a_program_that_keeps_dying_is_given_up_with_its_last_words_and_stops_the_others():
    with supervising(program("web", STAYS), program("worker", DIES)) as (supervisor, said):
        web = supervisor.process_ids()["web"]
        with pytest.raises(KeepsDying, match=r"worker died 5 times in a row; giving up.\n  I cannot"):
            supervisor.wait_ready(lambda: False, timeout=10)
        with pytest.raises(KeepsDying):
            supervisor.stop()
        assert not lives(web)
        assert sum("starting it again" in line for line in said) == 5


def test_the_pauses_double_up_to_a_limit():
    assert [Patience().pause(deaths) for deaths in range(1, 8)] == [0.5, 1, 2, 4, 8, 10, 10]


def test_a_program_that_was_up_for_long_is_never_given_up(tmp_path):
    code = f"open({str(tmp_path / 'n')!r}, 'a').write('x')"
    calm = Patience(first_pause_seconds=0.01, steady_after_seconds=0.0, quick_deaths=2)
    with supervising(program("beat", code), patience=calm) as (supervisor, _):
        supervisor.wait_ready(lambda: (tmp_path / "n").exists() and len((tmp_path / "n").read_text()) > 4, 10)


def test_programs_are_stopped_in_the_opposite_order_with_their_own_signals(tmp_path):
    def obedient(name, number):
        note = f"open({str(tmp_path / 'order')!r}, 'a').write('{name} ')"
        return f"import signal, sys; signal.signal({number}, lambda *_: ({note}, sys.exit())); {STAYS}"

    processes = [
        program("first", obedient("first", int(signal.SIGTERM))),
        program("second", obedient("second", int(signal.SIGINT)), stop_signal=signal.SIGINT),
    ]
    with supervising(*processes) as (supervisor, said):
        eventually(lambda: sum("here" in line for line in said) == 2)
        supervisor.stop()
        supervisor.stop()
    assert (tmp_path / "order").read_text() == "second first "


def test_a_program_that_ignores_the_stop_signal_is_killed_with_its_children(monkeypatch):
    monkeypatch.setattr("config.supervisor.supervisor.GROUP_SECONDS", 0.1)
    with supervising(program("web", STUBBORN, stop_after_seconds=0.2)) as (supervisor, said):
        eventually(lambda: any("here" in line for line in said))
        process_id = supervisor.process_ids()["web"]
        supervisor.stop()
        assert not lives(process_id)


def test_lines_are_shown_with_names_of_one_width_and_written_to_files(tmp_path):
    processes = [program("web", STAYS), program("worker", "import sys; sys.stderr.buffer.write(b'caf\\xe9\\n')")]
    with supervising(*processes, log_folder=tmp_path) as (_, said):
        eventually(lambda: "web    | here" in said and "worker | caf\N{REPLACEMENT CHARACTER}" in said)
    assert (tmp_path / "web.log").read_text().startswith("here\n")


def test_quiet_writes_to_files_only(tmp_path):
    with supervising(program("web", STAYS), log_folder=tmp_path, quiet=True) as (_, said):
        eventually(lambda: (tmp_path / "web.log").read_text() == "here\n")
    assert said == []


def test_names_are_coloured_on_a_terminal():
    said = []
    supervisor = Supervisor([program("web", STAYS)], said.append, colour=True)
    supervisor.start()
    eventually(lambda: said)
    supervisor.stop()
    assert said[0] == "\x1b[36mweb |\x1b[0m here"


def test_a_log_keeps_its_limit(tmp_path):
    log = Log(tmp_path / "web.log", limit_bytes=100)
    for number in range(50):
        log.write(f"line {number}")
    log.close()
    log.write("too late, and harmless")
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert max(sizes) < 120
    assert "line 49" in (tmp_path / "web.log").read_text() + (tmp_path / "web.log.1").read_text()


def test_a_missing_program_is_named_before_anything_starts():
    said = []
    with pytest.raises(ProgramMissing, match="worker: there is no program no-such-program"):
        Supervisor([program("web", STAYS), Process("worker", ["no-such-program"])], said.append).start()
    assert said == []


def test_waiting_too_long_ends_with_the_last_words():
    with supervising(program("web", STAYS)) as (supervisor, said):
        eventually(lambda: said)
        with pytest.raises(NotReady, match=r"Not ready after 0.1 s.\nweb:\n  here"):
            supervisor.wait_ready(lambda: False, timeout=0.1)


def test_a_listener_that_is_gone_stops_everything():
    def broken(line):
        raise BrokenPipeError

    supervisor = Supervisor([program("web", STAYS)], broken)
    supervisor.start()
    eventually(lambda: supervisor.process_ids()["web"] is None)
    supervisor.stop()


SUPERVISOR = """
import sys
from config.supervisor import Patience, Process, Supervisor
quick = Patience(first_pause_seconds=0.01, quick_deaths=2)
web = Process("web", [sys.executable, "-c", sys.argv[1]], stop_after_seconds=30)
sys.exit(Supervisor([web], lambda line: print(line, flush=True), patience=quick).run_forever())
"""
SAYS_ITS_NUMBER = "import os; print(os.getpid(), flush=True); "


@contextlib.contextmanager
def terminal(code):
    """A supervisor in a process of its own, its programs running."""
    command = [sys.executable, "-c", SUPERVISOR, SAYS_ITS_NUMBER + code]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        number = int(re.search(r"\d+$", process.stdout.readline())[0])
        yield process, number
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_ends_well(number):
    with terminal(STAYS) as (process, web):
        process.stdout.readline()
        os.killpg(process.pid, number)  # as a terminal does: to the whole group
        assert process.wait(timeout=10) == 0
        assert not lives(web)


def test_a_second_ctrl_c_kills_at_once():
    with terminal(STUBBORN) as (process, web):
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        assert lives(web)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 0
        assert not lives(web)


def test_giving_up_ends_with_an_error():
    with terminal(DIES) as (process, _):
        output, _ = process.communicate(timeout=10)
        assert process.returncode == 1
        assert "web died 2 times in a row; giving up." in output


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells children of the end of their parent")
def test_programs_end_with_a_supervisor_that_is_killed():
    with terminal(STAYS) as (process, web):
        process.stdout.readline()
        process.kill()
        eventually(lambda: not lives(web))


@pytest.fixture
def listening_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_refused_with_a_free_one_to_use(listening_port):
    assert not port_is_free("127.0.0.1", listening_port)
    with pytest.raises(PortTaken, match=rf"Port {listening_port} is in use .* choose another: PORT=\d+") as refusal:
        require_port("127.0.0.1", listening_port)
    other = int(str(refusal.value).rsplit("=", 1)[1])
    require_port("127.0.0.1", other)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(PortTaken, match=r"Cannot listen on 192\.0\.2\.1:8000"):
        require_port("192.0.2.1", 8000)


def test_ends_are_told_in_words():
    assert describe_end(3) == "ended with status 3"
    assert describe_end(-9) == "was killed by SIGKILL"


def test_the_supervisor_may_be_stopped_from_another_thread():
    with supervising(program("web", STAYS)) as (supervisor, _):
        stopping = threading.Thread(target=supervisor.stop)
        stopping.start()
        stopping.join(timeout=10)
        assert supervisor.process_ids() == {"web": None}
