"""A DHCP server for one address, run by Network.serve_dhcp() in the namespace (RFC 2131).

It also offers what a hostile one would: a host name, a domain, DNS and NTP servers.
"""

import ipaddress
import socket
import struct
import sys

_COOKIE = b"\x63\x82\x53\x63"
_DISCOVER, _OFFER, _REQUEST, _ACK = 1, 2, 3, 5


def _message_type(request: bytes) -> int:
    offset = 240
    while offset < len(request) and request[offset] != 255:
        if request[offset] == 0:
            offset += 1
            continue
        code, size = request[offset], request[offset + 1]
        if code == 53:
            return request[offset + 2]
        offset += 2 + size
    return 0


def _answer(request: bytes, kind: int, server: bytes, address: bytes) -> bytes:
    header = struct.pack(">BBBB", 2, 1, 6, 0) + request[4:8] + b"\0\0\x80\0"
    header += b"\0" * 4 + address + server + b"\0" * 4 + request[28:44] + b"\0" * 192
    options = {53: bytes([kind]), 54: server, 51: struct.pack(">I", 3600), 1: b"\xff\xff\xff\0",
               6: server, 12: b"hostile-name", 15: b"hostile.example", 42: server}
    return header + _COOKIE + b"".join(bytes([code, len(value)]) + value
                                       for code, value in options.items()) + b"\xff"


def _serve(interface: str, server: bytes, address: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        port.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        port.bind(("", 67))
        while True:
            request = port.recv(2048)
            if len(request) < 241 or request[236:240] != _COOKIE:
                continue
            kind = {_DISCOVER: _OFFER, _REQUEST: _ACK}.get(_message_type(request))
            if kind:
                port.sendto(_answer(request, kind, server, address), ("255.255.255.255", 68))


if __name__ == "__main__":
    _serve(sys.argv[1], *(ipaddress.IPv4Address(text).packed for text in sys.argv[2:]))
