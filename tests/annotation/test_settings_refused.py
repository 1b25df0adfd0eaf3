"""A wrong setting is refused by its name, in one line, before anything starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVERS = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}


def manage(*words, folder, **environment):
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**inherited, "CONCORD_VAR": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("DEBUG", "yes", "write True or False"),
        ("DEBUG", "true", "write True or False"),
        ("DEBUG", "", "write True or False"),
        ("HTTPS", "1", "write True or False"),
        ("PORT", "99999", "a whole number from 1 to 65535"),
        ("PORT", "0", "a whole number from 1 to 65535"),
        ("PORT", "eighty", "a whole number from 1 to 65535"),
        ("WEB_WORKERS", "-1", "a whole number from 1 to 64"),
        ("DATABASE_URL", "sqlite:///x", "runs on PostgreSQL only"),
        ("DATABASE_URL", "mysql://x/y", "runs on PostgreSQL only"),
        ("SECRET_KEY", "short", "at least 32 random ones"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_in_one_line(tmp_path, name, value, hint):
    run = manage("check", folder=tmp_path, **{name: value})
    assert run.returncode == 1
    assert len(run.stderr.strip().splitlines()) == 1
    assert run.stderr.startswith(name)
    assert hint in run.stderr


def test_without_any_setting_everything_is_in_order(tmp_path):
    run = manage("check", folder=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    manage("check", folder=tmp_path)
    secret = tmp_path / "secret-key"
    first = secret.read_text()
    manage("check", folder=tmp_path)
    assert secret.read_text() == first
    assert len(first) >= 48
    assert secret.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    blocker = tmp_path / "a-file"
    blocker.write_text("")
    run = manage("check", folder=blocker / "var")
    assert run.returncode == 1
    assert "CONCORD_VAR" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("command", [["migrate"], ["showmigrations"]])
def test_a_database_that_is_away_is_a_sentence(tmp_path, command):
    run = manage(*command, folder=tmp_path, **SERVERS)
    assert run.returncode == 1
    assert "PostgreSQL does not answer" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_database_address_that_is_broken_is_a_sentence(tmp_path):
    run = manage("check", folder=tmp_path, DATABASE_URL="postgresql://host:port/x", REDIS_URL=SERVERS["REDIS_URL"])
    assert run.returncode == 1
    assert "DATABASE_URL" in run.stderr
    assert "Traceback" not in run.stderr
