import pytest

from stripe_sandbox.errors import InvalidRequestError
from stripe_sandbox.form import flat_name, parse_form


@pytest.mark.parametrize(
    ("raw", "nested"),
    [
        ("amount=100&currency=usd", {"amount": "100", "currency": "usd"}),
        ("metadata[order]=7&metadata[kind]=fee", {"metadata": {"order": "7", "kind": "fee"}}),
        ("expand[0]=a&expand[1]=b", {"expand": ["a", "b"]}),
        ("expand[]=a&expand[]=b", {"expand": ["a", "b"]}),
        ("a[b][0][c]=x", {"a": {"b": [{"c": "x"}]}}),
        ("metadata=", {"metadata": ""}),
        ("name=J%C3%BCrgen+%26+Co", {"name": "Jürgen & Co"}),
        ("", {}),
    ],
)
def test_nesting(raw: str, nested: dict[str, object]) -> None:
    assert parse_form(raw) == nested


@pytest.mark.parametrize(
    "raw", ["a]=1", "a[b=1", "=1", "a[b]c=1", "&".join(["a" + "[b]" * 20 + "=1"]), "a=1&a[b]=2"]
)
def test_malformed_keys_are_refused(raw: str) -> None:
    with pytest.raises(InvalidRequestError):
        parse_form(raw)


def test_names_as_stripe_writes_them() -> None:
    assert flat_name(["shipping", "address", "line1"]) == "shipping[address][line1]"
