#!/usr/bin/env python3
"""Peers that speak the wires of natpunch-go and of NATpunch, for natt's tests.

    natpunch.py keys                            a private and a public key, in base64
    natpunch.py go-server PORT                  says "key KEY", then what it does
    natpunch.py go-client HOST:PORT KEY PEER... asks in turn until each is found
    natpunch.py server PORT1 PORT2
    natpunch.py client HOST PORT                lines of stdin are packets in hex

The private key of go-server and go-client is the first line of stdin. All of them use 127.0.0.1.
"""

import base64
import hashlib
import hmac
import os
import select
import socket
import struct
import sys
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

HOST = "127.0.0.1"
PROLOGUE = bytes.fromhex("6e617470756e63682d676f206973207468652062657374203a29")
NAME = b"Noise_IK_25519_ChaChaPoly_BLAKE2s"


def say(text):
    print(text, flush=True)


# ---- Noise


def digest(data):
    return hashlib.blake2s(data).digest()


def hkdf(chaining_key, material):
    secret = hmac.new(chaining_key, material, hashlib.blake2s).digest()
    first = hmac.new(secret, b"\x01", hashlib.blake2s).digest()
    return first, hmac.new(secret, first + b"\x02", hashlib.blake2s).digest()


class Cipher:
    def __init__(self, key):
        self.aead = ChaCha20Poly1305(key)

    def seal(self, counter, plain, ad=b""):
        return self.aead.encrypt(struct.pack("<IQ", 0, counter), plain, ad)

    def open(self, counter, sealed, ad=b""):
        return self.aead.decrypt(struct.pack("<IQ", 0, counter), sealed, ad)


class Handshake:
    """IK without a PSK; every message's tokens are followed by its payload."""

    def __init__(self, static, responder_public):
        self.hash = self.chaining_key = digest(NAME) if len(NAME) > 32 else NAME.ljust(32, b"\0")
        self.mix_hash(PROLOGUE)
        self.mix_hash(responder_public)
        self.static = static

    def mix_hash(self, data):
        self.hash = digest(self.hash + data)

    def mix_key(self, private, public):
        shared = private.exchange(X25519PublicKey.from_public_bytes(public))
        self.chaining_key, key = hkdf(self.chaining_key, shared)
        self.cipher = Cipher(key)
        self.counter = 0

    def encrypt(self, plain):
        sealed = self.cipher.seal(self.counter, plain, self.hash)
        self.counter += 1
        self.mix_hash(sealed)
        return sealed

    def decrypt(self, sealed):
        plain = self.cipher.open(self.counter, sealed, self.hash)
        self.counter += 1
        self.mix_hash(sealed)
        return plain

    def split(self):
        return [Cipher(key) for key in hkdf(self.chaining_key, b"")]


def public(private):
    return private.public_key().public_bytes_raw()


class Caller(Handshake):
    def __init__(self, static, server):
        super().__init__(static, server)
        self.server = server

    def first(self, payload):
        self.ephemeral = X25519PrivateKey.generate()
        e = public(self.ephemeral)
        self.mix_hash(e)
        self.mix_key(self.ephemeral, self.server)
        s = self.encrypt(public(self.static))
        self.mix_key(self.static, self.server)
        return e + s + self.encrypt(payload)

    def second(self, message):
        self.mix_hash(message[:32])
        self.mix_key(self.ephemeral, message[:32])
        self.mix_key(self.static, message[:32])
        self.decrypt(message[32:])
        return self.split()


class Answerer(Handshake):
    def __init__(self, static):
        super().__init__(static, public(static))

    def first(self, message):
        self.mix_hash(message[:32])
        self.e = message[:32]
        self.mix_key(self.static, self.e)
        self.caller = self.decrypt(message[32:80])
        self.mix_key(self.static, self.caller)
        return self.decrypt(message[80:])

    def second(self):
        ephemeral = X25519PrivateKey.generate()
        e = public(ephemeral)
        self.mix_hash(e)
        self.mix_key(ephemeral, self.e)
        self.mix_key(ephemeral, self.caller)
        return e + self.encrypt(b""), self.split()


# ---- natpunch-go


def private_key():
    return X25519PrivateKey.from_private_bytes(base64.b64decode(sys.stdin.readline()))


def text(key):
    return base64.b64encode(key).decode()


def udp(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((HOST, port))
    return sock


def go_server(port):
    me = private_key()
    sock = udp(port)
    say("listening on %d" % sock.getsockname()[1])
    say("key " + text(public(me)))
    where, sessions, stamps = {}, {}, {}
    while True:
        data, source = sock.recvfrom(2048)
        try:
            if len(data) == 109 and data[0] == 1:
                shake = Answerer(me)
                (stamp,) = struct.unpack(">Q", shake.first(data[5:]))
                if stamp <= stamps.get(shake.caller, 0):
                    say("an old handshake")
                    continue
                stamps[shake.caller] = stamp
                where[shake.caller] = source
                # As the original, it always moves on from the index that was proposed.
                (index,) = struct.unpack(">I", data[1:5])
                index = (index + 1) & 0xFFFFFFFF
                message, (receive, send) = shake.second()
                sessions[index] = [shake.caller, send, receive, 0, set()]
                sock.sendto(struct.pack(">BI", 2, index) + message, source)
                say("handshake of " + text(shake.caller))
            elif len(data) == 93 and data[0] == 3:
                index, counter = struct.unpack(">IQ", data[1:13])
                session = sessions[index]
                keys = session[2].open(counter, data[13:])
                if counter in session[4] or keys[:32] != session[0]:
                    say("a wrong question")
                    continue
                session[4].add(counter)
                where[session[0]] = source
                found = where.get(keys[32:])
                said = socket.inet_aton(found[0]) + struct.pack(">H", found[1]) if found else b""
                answer = struct.pack(">BQ", 3, session[3]) + session[1].seal(session[3], said)
                session[3] += 1
                sock.sendto(answer, source)
                say("question for " + text(keys[32:]))
            else:
                say("malformed, %d bytes" % len(data))
        except (InvalidTag, KeyError):
            say("not opened")


def go_client(server, key, *peers):
    host, port = server.split(":")
    me = private_key()
    sock = udp(0)
    sock.connect((host, int(port)))
    sock.settimeout(3)
    say("listening on %d" % sock.getsockname()[1])
    shake = Caller(me, base64.b64decode(key))
    proposed = int.from_bytes(os.urandom(4), "big")
    hello = struct.pack(">BI", 1, proposed) + shake.first(struct.pack(">Q", time.time_ns()))
    assert len(hello) == 109
    sock.send(hello)
    welcome = sock.recv(2048)
    assert len(welcome) == 53 and welcome[0] == 2
    (index,) = struct.unpack(">I", welcome[1:5])
    send, receive = shake.second(welcome[5:])
    say("shaken")
    counter, seen, left = 0, set(), list(peers)
    while left:
        wanted = left.pop(0)
        both = public(me) + base64.b64decode(wanted)
        sock.send(struct.pack(">BIQ", 3, index, counter) + send.seal(counter, both))
        counter += 1
        answer = sock.recv(2048)
        assert answer[0] == 3 and len(answer) in (25, 31)
        (number,) = struct.unpack(">Q", answer[1:9])
        assert number not in seen
        seen.add(number)
        said = receive.open(number, answer[9:])
        if said:
            address, at = struct.unpack(">4sH", said)
            say("found %s %s:%d" % (wanted, socket.inet_ntoa(address), at))
        else:
            say("unknown " + wanted)
            left.append(wanted)
            time.sleep(0.2)


# ---- NATpunch


def server(first, second):
    socks = [udp(first), udp(second)]
    say("listening on %d and %d" % tuple(each.getsockname()[1] for each in socks))
    heard = [None, None]
    while True:
        for ready in select.select(socks, [], [])[0]:
            mine = socks.index(ready)
            data, source = ready.recvfrom(2048)
            if not data:
                continue
            now = time.monotonic()
            heard[mine] = (source, now)
            other = heard[1 - mine]
            if other and now - other[1] < 5:
                address, port = other[0]
                ready.sendto(socket.inet_aton(address) + struct.pack(">HH", port, 0), source)


def client(host, port):
    server_address = (host, int(port))
    sock = udp(0)
    say("listening on %d" % sock.getsockname()[1])
    peer, sent, heard, asked = None, None, 0, 0
    while True:
        now = time.monotonic()
        if peer is None and now - asked >= 1:
            sock.sendto(b"A", server_address)
            asked = now
        if peer and (sent is None or now - sent > 5):
            sock.sendto(b"\0", peer)
            sent = now
        if peer and now - heard > 15:
            say("silence")
            return
        for ready in select.select([sock, sys.stdin], [], [], 0.2)[0]:
            if ready is sys.stdin:
                # Not by lines: select does not see what is buffered here.
                lines = os.read(0, 65536)
                if not lines:
                    return
                for line in lines.decode().split():
                    sock.sendto(bytes.fromhex(line), peer)
                    sent = time.monotonic()
                continue
            data, source = sock.recvfrom(4096)
            if peer is None and source == server_address and len(data) == 8:
                address, at = struct.unpack(">4sH2x", data)
                if at:
                    peer, heard = (socket.inet_ntoa(address), at), time.monotonic()
                    say("tunnel with %s:%d" % peer)
            elif source == peer:
                heard = time.monotonic()
                say("packet " + data.hex() if len(data) > 1 else "keepalive")


def keys():
    me = X25519PrivateKey.generate()
    say(text(me.private_bytes_raw()) + " " + text(public(me)))


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "keys":
        keys()
    elif what == "go-server":
        go_server(int(arguments[0]))
    elif what == "go-client":
        go_client(*arguments)
    elif what == "server":
        server(int(arguments[0]), int(arguments[1]))
    elif what == "client":
        client(*arguments)
    else:
        sys.exit(__doc__)
