"""The broker's password file."""

import json
from pathlib import Path

import pytest

from gateway.broker.credentials import Credentials, CredentialsError
from gateway.broker.mosquitto import password_line


def test_passwords_are_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "data" / "passwords.json"
    first = Credentials(path)
    first.admit(("a1", "b1"))
    again = Credentials(path)
    again.admit(("a1",))
    assert again.logins == first.logins
    assert [login.user for login in again.logins] == ["a1", "b1", "gateway", "probe"]
    assert len({login.password for login in again.logins}) == 4


def test_nobody_else_can_read_the_file_and_no_log_shows_a_password(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    login = Credentials(path).login("gateway")
    assert path.stat().st_mode & 0o777 == 0o600
    assert login.password not in repr(login)


def test_a_file_that_others_could_read_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    Credentials(path)
    path.chmod(0o640)
    with pytest.raises(CredentialsError, match=r"passwords\.json: mode 640 .* delete it"):
        Credentials(path)


@pytest.mark.parametrize("content", ["{", "[]", '{"a1": 3}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "passwords.json"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(CredentialsError, match=r"passwords\.json: .*delete it"):
        Credentials(path)


@pytest.mark.parametrize("name", ["gateway", "probe", "a/b", "+", "a:b", "", "a\nb"])
def test_a_name_that_would_widen_the_rights_is_no_agent(tmp_path: Path, name: str) -> None:
    with pytest.raises(CredentialsError, match="cannot be an agent"):
        Credentials(tmp_path / "passwords.json").admit((name,))


def test_a_retired_agent_has_no_password(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    credentials = Credentials(path)
    credentials.admit(("a1",))
    credentials.retire("a1")
    assert "a1" not in json.loads(path.read_text())
    with pytest.raises(CredentialsError, match="admit the agent first"):
        credentials.login("a1")
    with pytest.raises(CredentialsError, match="no admitted agent"):
        credentials.retire("gateway")


def test_mosquittos_password_file_holds_no_password(tmp_path: Path) -> None:
    login = Credentials(tmp_path / "passwords.json").login("gateway")
    line = password_line(login)
    assert line.startswith("gateway:$7$101$")
    assert login.password not in line
