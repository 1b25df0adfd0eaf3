"""The life of the embedded servers: real ones, in folders of their own."""

import os
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest
import redis

from config import embedded
from config.embedded import identity, lease


def ask(instance, statement):
    with psycopg.connect(instance.database_url) as connection:
        return connection.execute(statement).fetchone()[0]


def keep_seven(instance):
    with psycopg.connect(instance.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")


def serves(instance):
    with redis.Redis.from_url(instance.redis_py_url) as client:
        return ask(instance, "SELECT 1") == 1 and client.ping()


def eventually(check, seconds=15):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not true within {seconds} s: {check}"
        time.sleep(0.02)


def kill(process_id):
    os.kill(process_id, signal.SIGKILL)


def test_the_first_use_makes_a_database_that_needs_no_setting(fresh):
    said = []
    with embedded.running(fresh, said.append):
        assert "Setting up PostgreSQL" in said[0]
        assert ask(fresh, "SELECT current_user || ' ' || current_database()") == "concord concord"
        assert ask(fresh, "SHOW server_encoding") == "UTF8"
        assert ask(fresh, "SHOW TimeZone") == "UTC"
        assert ask(fresh, "SHOW data_checksums") == ask(fresh, "SHOW fsync") == "on"
        assert ask(fresh, "SELECT rolcreatedb FROM pg_roles WHERE rolname = 'concord'")
        with redis.Redis.from_url(fresh.redis_py_url) as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert not embedded.is_running(fresh)


def test_data_survive_the_end_of_the_last_user(instance):
    with embedded.running(instance):
        keep_seven(instance)
        with redis.Redis.from_url(instance.redis_py_url) as client:
            client.set("kept", "7")
    with embedded.running(instance):
        assert ask(instance, "SELECT number FROM kept") == 7
        with redis.Redis.from_url(instance.redis_py_url) as client:
            assert client.get("kept") == b"7"


def test_the_second_user_finds_the_servers_of_the_first_and_the_last_one_stops_them(instance, make_user):
    ana, ben = make_user(instance.folder), make_user(instance.folder)
    assert ana.process_ids() == ben.process_ids()
    ana.leave()
    assert serves(instance)
    ben.leave()
    assert not embedded.is_running(instance)
    assert embedded.process_ids(instance) == {"PostgreSQL": None, "Valkey": None}


def test_two_users_who_set_up_the_same_folder_at_once_share_one_server(fresh, make_user):
    users = [make_user(fresh.folder) for _ in range(3)]
    first, *others = [user.process_ids() for user in users]
    assert all(ids == first for ids in others)
    assert sum("Setting up" in words for user in users for words in user.words) == 1


def test_servers_that_a_killed_user_left_are_found_and_stopped_by_the_next(instance, make_user):
    ana = make_user(instance.folder)
    before = ana.process_ids()
    ana.kill()
    assert serves(instance)
    with embedded.running(instance):
        assert embedded.process_ids(instance) == before
    assert not embedded.is_running(instance)


def test_ctrl_c_in_the_terminal_of_one_user_leaves_the_servers_to_the_others(instance, make_user):
    ana = make_user(instance.folder)
    ana.process_ids()
    with embedded.running(instance):
        ana.press_ctrl_c()
        assert serves(instance)


def test_a_killed_server_recovers_what_was_committed(instance, make_user):
    ana = make_user(instance.folder)
    before = ana.process_ids()
    keep_seven(instance)
    ana.kill()
    kill(before["PostgreSQL"])
    kill(before["Valkey"])
    with embedded.running(instance):
        assert ask(instance, "SELECT number FROM kept") == 7
        assert serves(instance)
        after = embedded.process_ids(instance)
        assert not set(after.values()) & set(before.values())


def test_a_server_that_dies_in_use_is_started_again(instance):
    with embedded.running(instance, keep_alive=True):
        before = embedded.process_ids(instance)
        kill(before["PostgreSQL"])
        kill(before["Valkey"])
        eventually(lambda: embedded.is_running(instance) and embedded.process_ids(instance) != before)
        assert serves(instance)


def test_a_pid_file_with_the_number_of_a_living_stranger_is_stale(instance):
    stranger = f"{os.getpid()}\n{instance.data}\n1\n5432\n{instance.run}\n\n  1  1\nready\n"
    (instance.data / "postmaster.pid").write_text(stranger)
    instance.prepare()
    instance.postgres_socket.with_name(".s.PGSQL.5432.lock").write_text(stranger)
    with embedded.running(instance):
        assert serves(instance)


def test_a_setup_that_was_killed_in_the_middle_begins_again(fresh, make_user):
    ana = make_user(fresh.folder)
    eventually((fresh.home / "postgres.unfinished" / "global").exists)
    ana.kill()
    assert not fresh.data.exists()
    with embedded.running(fresh):
        assert serves(fresh)
    assert not (fresh.home / "postgres.unfinished").exists()


def test_valkey_starts_empty_when_its_snapshot_cannot_be_read(instance):
    instance.prepare()
    (instance.valkey / "dump.rdb").write_bytes(b"VALKEY080 half of a snapsh")
    (instance.valkey / "temp-123.rdb").write_bytes(b"what a killed save left")
    said = []
    with embedded.running(instance, said.append):
        assert serves(instance)
    assert any("could not read its snapshot" in words for words in said)
    assert (instance.valkey / "dump.unreadable").exists()
    assert not (instance.valkey / "temp-123.rdb").exists()


def test_a_server_that_cannot_start_says_why_and_can_be_started_once_that_is_mended(instance):
    own = instance.folder / "postgresql.local.conf"
    own.write_text("shared_bufers = 1\n")
    with pytest.raises(embedded.ServerDidNotStart, match=r'did not start(.|\n)*"shared_bufers"'):
        embedded.acquire(instance)
    own.write_text("max_connections = 33\n")
    with embedded.running(instance):
        assert ask(instance, "SHOW max_connections") == "33"


def test_data_of_another_major_version_are_left_alone(instance):
    (instance.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(embedded.OtherMajorVersion, match="written by PostgreSQL 17; 18 is installed"):
        embedded.acquire(instance)


def test_data_that_a_stranger_serves_are_left_alone(instance):
    with embedded.running(instance):
        aside = (instance.locks / "postgres.lock").rename(instance.locks / "aside")  # as if started by hand
        with pytest.raises(embedded.DataInUse, match=r"Process \d+, a PostgreSQL that Concord did not start"):
            embedded.acquire(instance)
        aside.rename(instance.locks / "postgres.lock")
        assert serves(instance)


def test_a_folder_with_something_else_in_it_is_left_alone(fresh):
    fresh.data.mkdir(parents=True, mode=0o700)
    (fresh.data / "thesis.txt").write_text("years of work")
    with pytest.raises(embedded.NotOurData, match="is not empty and holds no PostgreSQL data"):
        embedded.acquire(fresh)
    assert (fresh.data / "thesis.txt").read_text() == "years of work"


def test_a_forked_child_does_not_give_back_the_lease_of_its_parent(instance):
    code = (
        "import os, sys; from pathlib import Path; from config import embedded\n"
        "instance = embedded.Instance(Path(sys.argv[1])); lease = embedded.acquire(instance)\n"
        "if os.fork() == 0:\n    lease.release(); os._exit(0)\n"
        "os.wait(); print(embedded.is_running(instance)); lease.release(); print(embedded.is_running(instance))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(instance.folder)], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["True", "False"]


def test_a_long_wait_gives_signs_of_life(instance, monkeypatch):
    monkeypatch.setattr("config.embedded.locks.FIRST_WORD_AFTER_SECONDS", 0.0)
    said = []
    with embedded.running(instance, said.append):
        pass
    assert any(words.startswith("PostgreSQL is starting") for words in said)


def test_who_comes_while_the_servers_stop_waits_and_starts_them_again(instance):
    first = embedded.acquire(instance)
    leaving = threading.Thread(target=first.release)
    leaving.start()
    with embedded.running(instance):
        assert serves(instance)
    leaving.join()
    assert not embedded.is_running(instance)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_root_without_namespaces_runs_the_servers_as_an_account_and_opens_no_folder(fresh, monkeypatch, mode):
    parent = fresh.folder.parent
    parent.chmod(mode)
    monkeypatch.setattr(identity, "namespaces_allowed", lambda uid, gid: False)
    with embedded.running(fresh):
        assert serves(fresh)
        assert fresh.data.stat().st_uid == fresh.identity.uid != 0
        assert (fresh.home == fresh.folder) == (mode == 0o755)
    assert parent.stat().st_mode & 0o777 == mode
    assert parent.stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_runs_the_servers_of_an_ordinary_person_as_that_person(fresh):
    os.chown(fresh.folder.parent, 1, 1)  # daemon
    with embedded.running(fresh):
        assert serves(fresh)
        for path in (fresh.folder, fresh.data, fresh.log, fresh.locks / "users.lock", fresh.run):
            assert path.stat().st_uid == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give data away")
def test_data_follow_when_root_runs_the_servers_as_somebody_else(instance, monkeypatch):
    with embedded.running(instance):
        keep_seven(instance)
    monkeypatch.setattr(identity, "namespaces_allowed", lambda uid, gid: False)
    again = embedded.Instance(instance.folder)
    with embedded.running(again):
        assert ask(again, "SELECT number FROM kept") == 7
        assert again.data.stat().st_uid == again.identity.uid != 0


def test_the_watch_goes_on_after_a_start_that_failed(instance, monkeypatch):
    monkeypatch.setattr(lease, "WATCH_SECONDS", 0.02)
    said = []
    with embedded.running(instance, said.append, keep_alive=True):
        (instance.folder / "postgresql.local.conf").write_text("shared_bufers = 1\n")
        kill(embedded.process_ids(instance)["PostgreSQL"])
        eventually(lambda: any("did not start" in words for words in said))
        (instance.folder / "postgresql.local.conf").unlink()
        eventually(lambda: embedded.is_running(instance))
