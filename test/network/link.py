"""Two network namespaces, `client` and `server`, joined by a link with a chosen round-trip time.

    link.py RTT_MS CLIENT_ADDRESS SERVER_ADDRESS

The delay is made in user space between two TUN devices, so SYN, ACK and data all travel it: connecting over TCP
takes one round trip, as on a real wide-area link. The client resolves names at the server's address.

It prints one line of JSON once the link stands, {"client": PID, "server": PID}: processes whose namespaces are
those of the two ends. Each further line on its standard input asks for what has passed since the last one: a JSON
array of [time in ms, end at which it was seen, end that sent it, packet in base64], IPv4 only and each packet at both
ends (0 the client's, 1 the server's), as packet captures there would see it. It ends with its standard input. The namespaces have no names and no files: they go
with the processes in them, however those end.

Needs Linux, /dev/net/tun, and root or the right to make user namespaces; says why and exits with 3 where it cannot.
"""
import base64
import collections
import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import sys
import tempfile
import time

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, IFF_UP = 0x8914, 0x8916, 0x891C, 0x1
PACKET_BYTES = 65536
PRIORITY = -15
CLIENT, SERVER = 0, 1

libc = ctypes.CDLL(None, use_errno=True)


def system(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enter_namespaces():
    """The client's: a network of its own, and mounts of its own for its resolv.conf."""
    user, group = os.geteuid(), os.getegid()
    if user != 0:
        system("unshare", CLONE_NEWUSER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    system("unshare", CLONE_NEWNET | CLONE_NEWNS)
    system("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)


def resolve_at(address):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(f"nameserver {address}\noptions timeout:2 attempts:2\n")
        file.flush()
        os.chmod(file.name, 0o644)
        system("mount", file.name.encode(), b"/etc/resolv.conf", None, MS_BIND, None)


def bring_up(control, name):
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name, IFF_UP))


def open_end(address):
    """A TUN device with its address in the network namespace that this process is in."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH14x", b"link", IFF_TUN | IFF_NO_PI))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for request, value in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, "255.255.255.0")):
            packed = struct.pack("16sHH4s8x", b"link", socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(control, request, packed)
        bring_up(control, b"link")
        bring_up(control, b"lo")
    return device


def hold_namespaces():
    """A child that stays in the namespaces of now until this process ends. Returns its pid."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(theirs)
        os.read(ours, 1)
        os._exit(0)
    os.close(ours)
    return child


class Direction:
    """Packets read from `source` are written to `sink` after the delay, in order."""

    def __init__(self, source, sink, delay_s):
        self.source, self.sink, self.delay_s = source, sink, delay_s
        self.packets = collections.deque()

    def take(self):
        while True:
            try:
                packet = os.read(self.source, PACKET_BYTES)
            except BlockingIOError:
                return
            now_s = time.monotonic()
            self.packets.append((now_s + self.delay_s, packet))
            yield now_s, packet

    def give(self):
        while self.packets and self.packets[0][0] <= time.monotonic():
            _, packet = self.packets.popleft()
            now_s = time.monotonic()
            try:
                os.write(self.sink, packet)
            except OSError:
                continue  # The far end is down: a real wire would lose it, too.
            yield now_s, packet


def carry(client, server, delay_s):
    towards_server, towards_client = Direction(client, server, delay_s), Direction(server, client, delay_s)
    both = (towards_server, towards_client)
    seen = []

    def note(passing, seen_at, sent_by):
        for now_s, packet in passing:
            if packet[0] >> 4 == 4:
                seen.append((now_s * 1000, seen_at, sent_by, base64.b64encode(packet).decode()))

    while True:
        due_s = min((one.packets[0][0] for one in both if one.packets), default=None)
        wait_s = None if due_s is None else max(0, due_s - time.monotonic())
        ready, _, _ = select.select([client, server, 0], [], [], wait_s)
        if client in ready:
            note(towards_server.take(), CLIENT, CLIENT)
        if server in ready:
            note(towards_client.take(), SERVER, SERVER)
        note(towards_server.give(), SERVER, CLIENT)
        note(towards_client.give(), CLIENT, SERVER)
        if 0 in ready:
            if not os.read(0, 4096):
                return
            print(json.dumps(seen), flush=True)
            seen.clear()


def main():
    rtt_ms, client_address, server_address = float(sys.argv[1]), sys.argv[2], sys.argv[3]
    try:
        # The delay is the subject of measurement: a late link would look like a late client.
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    except OSError:
        pass
    try:
        enter_namespaces()
        resolve_at(server_address)
        client = open_end(client_address)
        holder = hold_namespaces()
        system("unshare", CLONE_NEWNET)
        server = open_end(server_address)
    except OSError as error:
        print(error, file=sys.stderr)
        return 3
    print(json.dumps({"client": holder, "server": os.getpid()}), flush=True)
    carry(client, server, rtt_ms / 2000)
    return 0


if __name__ == "__main__":
    sys.exit(main())
