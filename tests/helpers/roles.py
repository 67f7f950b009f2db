"""Helpers for tests of role credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

import sso_plugin

if TYPE_CHECKING:
    from world import World


def key_of(profile: str = "dev") -> str:
    """Return the access key that a new session gets."""
    sso_plugin.enable()
    credentials = boto3.Session(profile_name=profile).get_credentials()
    assert credentials is not None
    return str(credentials.get_frozen_credentials().access_key)


def role_document(world: World) -> dict[str, Any]:
    """Return the content of the only role file."""
    [file] = world.role_files()
    document: dict[str, Any] = json.loads(file.read_text())
    return document
