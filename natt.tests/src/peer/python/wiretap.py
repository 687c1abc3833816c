#!/usr/bin/env python3
"""One who sits on the wire in front of a host: records the datagrams that go to it and puts
what it likes there. Usage: wiretap.py DEVICE HOST; one command a line on standard input:

  record          forgets what there was and records
  replay          sends all recorded datagrams again, twice, the second time backwards
  elsewhere       sends all recorded datagrams from another address and port
  forge           sends recorded datagrams with another counter, one bit changed, cut, or with
                  other content
"""
import os
import random
import select
import socket
import struct
import sys
import time

ETH_P_ALL, UDP, MOST = 3, 17, 400
ETHERNET = 14


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def parts(frame):
    """Ethernet and IPv4 header (without options), source and destination port, payload."""
    udp = ETHERNET + 20
    source, destination, length = struct.unpack("!HHH", frame[udp:udp + 6])
    return frame[:udp], source, destination, frame[udp + 8:udp + length]


def datagram(headers, source, destination, payload, address=None):
    """A frame whose lengths and checksum of the IP header are right; that of UDP is left out."""
    ip = bytearray(headers[ETHERNET:])
    ip[2:4] = struct.pack("!H", 28 + len(payload))
    ip[10:12] = b"\0\0"
    if address:
        ip[12:16] = socket.inet_aton(address)
    ip[10:12] = struct.pack("!H", checksum(bytes(ip)))
    udp = struct.pack("!HHHH", source, destination, 8 + len(payload), 0)
    return headers[:ETHERNET] + bytes(ip) + udp + payload


def inner_packet(length):
    """An IPv4 packet as it would come out of the tunnel."""
    ip = bytearray(struct.pack("!BBHHHBBH", 0x45, 0, length, 7, 0, 64, 253, 0))
    ip += socket.inet_aton("10.10.0.1") + socket.inet_aton("10.10.0.2")
    ip[10:12] = struct.pack("!H", checksum(bytes(ip)))
    return bytes(ip) + bytes(length - 20)


def forgeries(frame, rng):
    headers, source, destination, payload = parts(frame)
    changed = bytearray(payload)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    counter, = struct.unpack("!Q", payload[7:15])
    contents = [
        payload[:7] + struct.pack("!Q", counter + 4096) + payload[15:],
        bytes(changed),
        payload[:rng.randrange(len(payload))],
        payload + b"\0",
        payload[:1] + os.urandom(len(payload) - 1),
        payload[:7] + struct.pack("!Q", counter + 5000) + inner_packet(84) + os.urandom(16),
        inner_packet(84),
        b"\x04\0\0\0" + os.urandom(12) + inner_packet(84) + os.urandom(16),
    ]
    return [datagram(headers, source, destination, each) for each in contents]


def is_for(host, frame):
    return (len(frame) > ETHERNET + 29 and frame[12:14] == b"\x08\0" and frame[14] == 0x45
            and frame[23] == UDP and frame[30:34] == host)


def main():
    device, host = sys.argv[1], socket.inet_aton(sys.argv[2])
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.bind((device, 0))
    recorded, recording, rng = [], False, random.Random(1)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([wire, sys.stdin], [], [])
        if wire in ready:
            frame = wire.recv(65536)
            if recording and len(recorded) < MOST and is_for(host, frame):
                recorded.append(frame)
        if sys.stdin not in ready:
            continue
        command = sys.stdin.readline().strip()
        if not command:
            return
        if command == "record":
            recorded, recording = [], True
            print("recording", flush=True)
            continue
        recording = False
        if command == "replay":
            # Rebuilt, because a checksum that some device was to fill in is not there yet.
            frames = [datagram(*parts(each)) for each in recorded + recorded[::-1]]
        elif command == "elsewhere":
            frames = [datagram(*parts(each), address="203.0.113.66") for each in recorded]
            frames += [datagram(h, 4242, d, p) for h, s, d, p in map(parts, recorded)]
        else:
            frames = [other for each in recorded for other in forgeries(each, rng)]
        for frame in frames:
            wire.send(frame)
            time.sleep(0.0005)  # so that the host's own buffer takes them all
        print("sent %d of %d recorded" % (len(frames), len(recorded)), flush=True)


main()
