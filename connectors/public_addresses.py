"""Connections to the public internet only: an address that an owner got from a stranger must not reach into the house.

A name is resolved once, every address that it has is looked at, and the connection goes to one of those: between
looking and connecting there is no second resolving that could answer otherwise. Certificates are held against the name
as ever.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from connectors.contract import Unreadable

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotPublic(Unreadable):
    """The host lies in the own network or in none; nobody was called."""


def resolved(host: str) -> Sequence[str]:
    """The addresses of a name, in the order in which they are to be tried."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))


def is_public(address: str) -> bool:
    """False for loopback, private, link-local, shared, reserved and multicast addresses, also inside an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False  # with a zone (fe80::1%eth0): of this link
    return all(map(_is_global, _inside(found)))


def _is_global(address: IPAddress) -> bool:
    if address.is_multicast or address.is_reserved:
        return False
    return address.is_global and not (isinstance(address, ipaddress.IPv6Address) and address.is_site_local)


def _inside(address: IPAddress) -> list[IPAddress]:
    """The address, or the IPv4 addresses that it stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.teredo:
        return [address, *address.teredo]
    return [address, address.sixtofour] if address.sixtofour else [address]


@dataclass(frozen=True, slots=True)
class PublicOnly:
    """Which hosts may be asked. `hint` is the way out for the owner of one that may not."""

    hint: str
    resolve: Callable[[str], Sequence[str]] = resolved
    allows: Callable[[str], bool] = is_public

    def addresses(self, host: str) -> Sequence[str]:
        """The addresses of `host`, all of them public.

        Raises:
            NotPublic: one of them is not.
            OSError, UnicodeError: it has none.
        """
        found = self.resolve(host)
        for address in found:
            if not self.allows(address):
                raise NotPublic(f"{host} is {address}, which is not in the public internet.", hint=self.hint)
        return found


def guarded(adapter: HTTPAdapter, only: PublicOnly) -> HTTPAdapter:
    """The same adapter, which now connects to public addresses only."""

    class Plain(_Guarded, HTTPConnection):
        guard = only

    class Secure(_Guarded, HTTPSConnection):
        guard = only

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    adapter.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return adapter


class _Guarded:
    """What a connection of urllib3 does differently: it is made to an address that was looked at, not to a name."""

    guard: PublicOnly

    def _new_conn(self) -> socket.socket:
        # urllib3 connects to `_dns_host` and holds the certificate against `host`, which reads it: hence put back.
        connection = cast(Any, self)
        name: str = connection._dns_host
        try:
            addresses = self.guard.addresses(name.strip("[]").rstrip("."))
        except (OSError, UnicodeError):
            raise NameResolutionError(name, connection, socket.gaierror("not known")) from None
        failure: Exception = NewConnectionError(connection, "no address")
        for address in addresses:
            connection._dns_host = address
            try:
                return cast(socket.socket, super()._new_conn())  # type: ignore[misc]
            except (NewConnectionError, ConnectTimeoutError) as error:
                failure = error
            finally:
                connection._dns_host = name
        raise failure
