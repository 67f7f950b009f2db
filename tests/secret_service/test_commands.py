"""The commands about the encryption key, with a key in a real keyring."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from command import run
from sealed_login import sealed_file

if TYPE_CHECKING:
    from secret_service.session_bus import SessionBus
    from world import World

SETTINGS = "sso_token_cache = sealed\nsso_cache = sealed\nsso_key = keyring\n"


@pytest.fixture
def bus(keyring: SessionBus) -> dict[str, str]:
    """Return the variables by which the command finds the keyring."""
    names = ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")
    return {name: keyring.environment[name] for name in names}


def key_id(world: World) -> str:
    return str(json.loads(sealed_file(world).read_text())["key"])


def sign_in_sealed(world: World, bus: dict[str, str]) -> None:
    """Let a renewal encrypt the token of the AWS CLI."""
    world.configure(world.emulator.profile() + SETTINGS)
    world.sign_in(expiresAt="2026-01-31T22:15:00Z")
    done = run("whoami", "--profile", "dev", **bus)
    assert done.returncode == 0, done.stderr
    assert not world.token_file().exists()


def test_the_doctor_names_the_keyring(world: World, bus: dict[str, str]) -> None:
    """It encrypts and decrypts a sample."""
    sign_in_sealed(world, bus)
    done = run("doctor", "--profile", "dev", **bus)
    assert "The key in the keyring (Secret Service) works" in done.stdout
    assert "clear text" not in done.stdout


def test_rotate_key_keeps_the_login(world: World, bus: dict[str, str]) -> None:
    """Twice, after which the first key is deleted."""
    sign_in_sealed(world, bus)
    known = {key_id(world)}
    for _ in range(2):
        done = run("rotate-key", "--profile", "dev", **bus)
        assert done.returncode == 0, done.stderr
        assert "Files encrypted with it: 2." in done.stderr
        known.add(key_id(world))
    assert len(known) == 3
    assert run("whoami", "--profile", "dev", **bus).returncode == 0
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 1)


def test_without_the_keyring_the_fix_is_not_a_login(world: World, bus: dict[str, str]) -> None:
    """The token cannot be read, and a new one could not be encrypted."""
    sign_in_sealed(world, bus)
    nowhere = dict.fromkeys(bus, "/nowhere")
    done = run("doctor", "--profile", "dev", **nowhere)
    assert done.returncode == 1
    assert "sso-plugin login" not in done.stdout
    done = run("rotate-key", "--profile", "dev", **nowhere)
    assert done.returncode == 1
    assert 'The profile "dev" cannot change its encryption key: ' in done.stderr
