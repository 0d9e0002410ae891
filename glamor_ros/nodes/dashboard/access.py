"""Who may use the dashboard."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

MIN_TOKEN_LENGTH = 12


@dataclass(frozen=True)
class AccessRules:
    """What a request must have.

    Attributes:
        names: Host names that the dashboard answers to, lower case.
        is_open: Whether it also answers to every IP address, not to loopback ones alone.
        token: What the viewer must know; None: nothing.
    """

    names: frozenset[str]
    is_open: bool
    token: str | None

    def allows_host(self, host_header: str | None) -> bool:
        """Whether a request names this dashboard.

        A page elsewhere that lets its own name point here (DNS rebinding) sends that name.
        Addresses cannot be made to point elsewhere.
        """
        host = host_name(host_header)
        if host is None:
            return False
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host in self.names
        return self.is_open or address.is_loopback

    def allows_origin(self, origin_header: str | None, host_header: str | None) -> bool:
        """Whether the page that a request comes from is the dashboard's own.

        Browsers always name it when a WebSocket is opened; other programs need not.
        """
        if origin_header is None:
            return True
        origin = urlsplit(origin_header)
        return origin.scheme in ("http", "https") and origin.netloc == host_header

    def allows_token(self, given: str | None) -> bool:
        """Whether the token is right, where one is needed; takes as long for every wrong one."""
        if self.token is None:
            return True
        return given is not None and hmac.compare_digest(given.encode(), self.token.encode())


def access_rules(host: str, token: str, allowed_hosts: Iterable[str]) -> AccessRules:
    """The rules for an address that is listened on.

    Args:
        host: Name or address; beyond loopback a token is needed.
        token: The user's own; empty: one is made where it is needed.
        allowed_hosts: Further names of this machine.

    Raises:
        OSError: The host is not known.
    """
    names = {"localhost", *(name.lower() for name in allowed_hosts if name)}
    if is_loopback(host):
        return AccessRules(frozenset(names), is_open=False, token=token or None)
    own_name = socket.gethostname().lower()
    names |= {own_name, f"{own_name}.local", socket.getfqdn().lower(), host.lower()}
    return AccessRules(frozenset(names), is_open=True, token=token or secrets.token_urlsafe(16))


def is_loopback(host: str) -> bool:
    """Whether a name or address is reached from this machine alone; an empty one is every address.

    Raises:
        OSError: The host is not known.
    """
    if not host:
        return False
    addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    return all(ipaddress.ip_address(one.split("%")[0]).is_loopback for one in addresses)


def host_name(host_header: str | None) -> str | None:
    """The name or address in a Host header, lower case, without the port; None: it has none."""
    if not host_header:
        return None
    try:
        return urlsplit(f"//{host_header}").hostname
    except ValueError:
        return None
