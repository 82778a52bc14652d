"""The office that lends money, under attack."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from service.policy import credentials
from tests.api.conftest import office, program

__all__ = ["office", "program"]


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """argon2id in 1 ms instead of 100, where a test does not measure it."""
    if "real_hashes" not in request.fixturenames:
        monkeypatch.setattr(credentials, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        credentials._hash_of_nobody.cache_clear()


@pytest.fixture
def real_hashes() -> None:
    """This test pays for argon2id as production does."""
    credentials._hash_of_nobody.cache_clear()
