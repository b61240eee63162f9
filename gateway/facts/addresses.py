"""Where webhooks may go: only to hosts that the venue's configuration names, never to this machine or its link unless it says so.

Whoever may add a webhook could else make the gateway, which stands inside the venue's network, knock at doors of their choice (SSRF).
The name is looked up once and the connection goes to that very address, so that a name cannot mean one thing when it is checked and
another when it is used.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from pydantic import ConfigDict, with_config

LONGEST_URL = 1000


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class WebhookConfig:
    """`hosts` empty: no webhooks.  `loopback`: this machine and plain http there, for a receiver on the same board."""

    hosts: tuple[str, ...] = ()
    loopback: bool = False
    ca: str = ""  # PEM file of the receivers' authority; empty: those that this machine trusts


class AddressRefused(ValueError):
    """A webhook may not go there.  `zh` and the text say why and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh


def check_url(url: str, config: WebhookConfig) -> SplitResult:
    """The parts of a URL that a webhook may have.  Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused("地址无法解析", "this is no URL") from None
    if len(url) > LONGEST_URL or parts.username is not None or parts.fragment or not host or not url.isprintable():
        raise AddressRefused("地址须为 https://主机/路径,不带账号和片段", "write https://host/path, without account and fragment")
    if _is_loopback(host):
        if not config.loopback:
            raise AddressRefused("未允许发往本机([webhooks] loopback)", "this machine is not allowed ([webhooks] loopback)")
        if parts.scheme not in ("http", "https"):
            raise AddressRefused("仅支持 http 和 https", "http and https only")
        return parts
    if parts.scheme != "https":
        raise AddressRefused("只允许 https", "only https is allowed")
    if host.lower() not in {named.lower() for named in config.hosts}:
        raise AddressRefused(
            f"主机 {host} 未列入 gateway.toml 的 [webhooks] hosts", f"host {host} is not among [webhooks] hosts of gateway.toml"
        )
    if port == 0:
        raise AddressRefused("端口无效", "port 0 is none")
    return parts


async def resolved(parts: SplitResult, config: WebhookConfig) -> str:
    """The address to connect to.  Raises AddressRefused, or OSError when the name is not known."""
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return check_addresses([str(row[4][0]) for row in found], config)


def check_addresses(addresses: Sequence[str], config: WebhookConfig) -> str:
    """The first address, when all that a name means are allowed: one bad one makes the whole name suspect."""
    for address in addresses:
        ip = ipaddress.ip_address(address.partition("%")[0])
        ip = ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip
        if ip.is_loopback and config.loopback:
            continue
        if ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved:
            raise AddressRefused(f"{address} 不允许作为接收地址", f"{address} is no address that a webhook may go to")
    if not addresses:
        raise AddressRefused("主机没有地址", "the host has no address")
    return addresses[0]


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
