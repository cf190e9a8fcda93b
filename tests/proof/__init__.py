"""The engine proved against the plain model of the shop in tests/model.py."""

import pytest

pytest.register_assert_rewrite("tests.proof.comparison")  # it says what differs, as in a test
