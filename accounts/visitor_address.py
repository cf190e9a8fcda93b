"""From which address a request comes, behind as many proxies as TRUSTED_PROXIES says."""

from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from python_ipware import IpWare

_IPV6_SITE = 64  # bits: whoever has one address there has all of them


def address_of(request: HttpRequest) -> str:
    """The visitor's address; of IPv6, their network. Empty where there is none (a socket).

    What the visitor writes into X-Forwarded-For themselves stands before what our own proxies add to it, and only
    that is believed.
    """
    found = _found(settings.TRUSTED_PROXIES, request) or request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(found)
    except ValueError:
        return ""
    if (
        isinstance(address, IPv6Address) and address.ipv4_mapped
    ):  # as a server that listens to both tells of IPv4
        return str(address.ipv4_mapped)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_SITE), strict=False))
    return str(address)


def _found(proxies: int, request: HttpRequest) -> str:
    if not proxies:
        return ""
    address, _ = _reader(proxies).get_client_ip(request.META)
    return str(address or "")


@cache
def _reader(proxies: int) -> IpWare:
    # The last proxy adds whom it heard from, and is not in the list itself.
    return IpWare(precedence=("HTTP_X_FORWARDED_FOR",), proxy_count=proxies - 1)
