"""Where the embedded servers live, who can reach them, and what is said when they cannot be had."""

import ast
import importlib.util
import os
import stat
import sys
from pathlib import Path

import dj_database_url
import kombu
import psycopg
import pytest
import redis

from config import embedded
from config.embedded import identity, paths


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def sockets_of(process_id):
    """The inodes of a process's sockets."""
    links = [os.readlink(link) for link in Path(f"/proc/{process_id}/fd").iterdir()]
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def tcp_inodes():
    tables = [Path("/proc/net") / name for name in ("tcp", "tcp6", "udp", "udp6")]
    return {line.split()[9] for table in tables if table.exists() for line in table.read_text().splitlines()[1:]}


def test_an_instance_is_only_a_description(short_folder):
    instance = embedded.Instance(short_folder / "var")
    assert instance.database_url.startswith("postgresql://concord@")
    assert instance.redis_url.startswith("redis+socket:///")
    assert instance.redis_py_url.startswith("unix:///")
    assert not instance.folder.exists()


def test_addresses_work_in_every_library_whatever_the_folder_is_called(short_folder, request):
    instance = embedded.Instance(short_folder / 'd\'été & "co" 100%')
    with embedded.running(instance):
        settings = dj_database_url.parse(instance.database_url)
        with psycopg.connect(host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"]):
            pass
        with redis.Redis.from_url(instance.redis_py_url) as client:
            assert client.ping()
        with kombu.Connection(instance.redis_url) as connection:
            connection.ensure_connection(max_retries=1, timeout=2)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="asks Linux")
def test_only_the_owner_can_open_the_sockets_and_nothing_listens_on_a_network(instance):
    above = {path: mode(path) for path in (instance.folder.parent, *instance.folder.parent.parents)}
    with embedded.running(instance):
        assert mode(instance.run) == mode(instance.data) == mode(instance.log) == mode(instance.valkey) == 0o700
        assert mode(instance.postgres_socket) == mode(instance.valkey_socket) == 0o700
        for process_id in embedded.process_ids(instance).values():
            assert sockets_of(process_id)
            assert not sockets_of(process_id) & tcp_inodes()
    assert above == {path: mode(path) for path in above}


def test_postgres_asks_the_kernel_who_the_client_is(instance):
    with embedded.running(instance):
        rules = (instance.data / "pg_hba.conf").read_text()
        assert "trust" not in rules.replace("trusted", "")
        with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
            psycopg.connect(host=str(instance.run), user="somebody_else", dbname="concord")


def test_a_deep_folder_gets_a_short_private_place_for_its_sockets(short_folder):
    instance = embedded.Instance(short_folder / ("deep" * 15) / ("down" * 15) / "var")
    try:
        with embedded.running(instance):
            assert len(str(instance.postgres_socket)) < 60
            assert mode(instance.run) == 0o700
            with psycopg.connect(instance.database_url):
                pass
    finally:
        instance.run.rmdir()


@pytest.mark.parametrize("obstacle", ["link", "open folder"])
def test_a_short_place_that_somebody_prepared_is_refused(short_folder, obstacle):
    instance = embedded.Instance(short_folder / ("deep" * 15) / ("down" * 15) / "var")
    if obstacle == "link":
        instance.run.symlink_to(short_folder)
    else:
        instance.run.mkdir()
        instance.run.chmod(0o777)
    try:
        with pytest.raises(embedded.FolderNotOurs, match="must be a folder of uid"):
            embedded.acquire(instance)
    finally:
        instance.run.unlink() if obstacle == "link" else instance.run.rmdir()


def test_an_explicit_socket_folder_is_used(instance, short_folder, monkeypatch):
    monkeypatch.setenv("CONCORD_SOCKET_DIR", str(short_folder / "s"))
    elsewhere = embedded.Instance(instance.folder)
    assert elsewhere.run == short_folder / "s"
    with embedded.running(elsewhere), psycopg.connect(elsewhere.database_url):
        assert not instance.run.exists()


def test_an_explicit_socket_folder_that_is_too_long_is_refused_with_the_numbers(short_folder, monkeypatch):
    monkeypatch.setenv("CONCORD_SOCKET_DIR", str(short_folder / ("long" * 30)))
    instance = embedded.Instance(short_folder / "var")
    length = len(str(short_folder / ("long" * 30) / ".s.PGSQL.5432"))
    with pytest.raises(embedded.SocketPathTooLong, match=f"has {length} bytes; this system allows 10[37]") as refusal:
        _ = instance.database_url
    assert "CONCORD_SOCKET_DIR" in str(refusal.value)


def test_two_instances_do_not_take_each_others_sockets(instance, short_folder, monkeypatch):
    monkeypatch.setenv("CONCORD_SOCKET_DIR", str(short_folder / "s"))
    first, second = embedded.Instance(instance.folder), embedded.Instance(short_folder / "other")
    with embedded.running(first):
        with pytest.raises(embedded.SocketInUse, match="Another program listens at"):
            embedded.acquire(second)
        assert embedded.is_running(first)


def test_a_folder_that_cannot_be_written_is_named(short_folder):
    (short_folder / "file").write_text("in the way")
    instance = embedded.Instance(short_folder / "file" / "var")
    with pytest.raises(embedded.FolderNotWritable, match=f"Cannot write in {instance.folder}: .*DATABASE_URL"):
        embedded.acquire(instance)


def test_missing_wheels_are_named_with_the_remedy(fresh, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(embedded.EmbeddedServersMissing, match=r"pip install -r requirements-embedded\.txt"):
        embedded.acquire(fresh)


def test_somebody_without_any_account_is_told_what_to_do(fresh, monkeypatch):
    monkeypatch.setattr(identity, "namespaces_allowed", lambda uid, gid: False)
    monkeypatch.setattr(identity.pwd, "getpwall", list)
    monkeypatch.setattr(identity, "_account", lambda uid: None)
    with pytest.raises(embedded.NoIdentity, match="Run Concord as an ordinary user, or set DATABASE_URL"):
        embedded.acquire(fresh)


def test_programs_that_the_account_cannot_reach_are_copied(short_folder, monkeypatch):
    hidden = short_folder / "hidden" / "pginstall"
    (hidden / "bin").mkdir(parents=True)
    (hidden / "bin" / "postgres").write_text("a program")
    hidden.parent.chmod(0o700)
    (short_folder / "var").mkdir()
    monkeypatch.setattr("config.embedded.binaries._package", lambda name: hidden.parent)
    monkeypatch.setattr("config.embedded.binaries.can_reach", lambda folder, who: folder != hidden)
    program = embedded.postgres_program(embedded.Instance(short_folder / "var"), "postgres")
    assert program.read_text() == "a program"
    assert program.is_relative_to(short_folder / "var")
    assert mode(hidden.parent) == 0o700


def test_reaching_a_folder_is_judged_by_every_folder_above_it(short_folder):
    (short_folder / "closed").mkdir(mode=0o700)
    assert paths.can_reach(short_folder / "new", identity.ANYBODY)
    assert not paths.can_reach(short_folder / "closed" / "new", identity.ANYBODY)


@pytest.mark.parametrize("package", ["embedded", "supervisor"])
def test_the_servers_and_the_supervisor_need_nothing_but_python(package):
    """The settings import them, so they cannot import Django; and the launcher sees no installed package."""
    for path in (Path(__file__).parents[2] / "config" / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= sys.stdlib_module_names
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module == "config.embedded.identity" or node.module.split(".")[0] in sys.stdlib_module_names
