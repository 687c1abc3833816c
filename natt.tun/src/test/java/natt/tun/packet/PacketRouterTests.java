package natt.tun.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

class PacketRouterTests {
    private RouterWorld world = new RouterWorld();

    @ParameterizedTest
    @CsvSource({"10.10.0.1, 10.10.0.2", "fd00::1, fd00::2", "172.16.0.1, 192.168.7.200"})
    void packetGoesToThePeerThatOwnsItsDestination(String from, String to) {
        ByteBuffer packet = Packets.udp(from, to, 100);
        world.fromDevice(packet);
        assertEquals(List.of(Packets.hex(packet)), world.a.sent);
        assertEquals(List.of(), world.b.sent);
        assertEquals(Map.of("toPeers", 1L), world.counted());
    }

    @ParameterizedTest
    @CsvSource({"10.10.0.2, 10.10.0.1", "fd00::2, fd00::1", "192.168.7.200, 172.16.0.1"})
    void packetOfAPeerGoesToTheDevice(String from, String to) {
        ByteBuffer packet = Packets.udp(from, to, 100);
        world.fromPeer(world.a, packet);
        assertEquals(List.of(Packets.hex(packet)), world.written);
        assertEquals(Map.of("toDevice", 1L), world.counted());
    }

    @ParameterizedTest
    @CsvSource({
        "10.10.0.3, 10.10.0.1", // another peer's
        "fd00::3, fd00::1",
        "10.10.0.1, 10.10.0.3", // the device's own
        "10.10.0.77, 10.10.0.1", // nobody's
        "192.0.2.1, 10.10.0.1",
        "10.10.0.255, 10.10.0.1"
    })
    void peerCannotUseAnAddressThatItDoesNotOwn(String from, String to) {
        world.fromPeer(world.a, Packets.udp(from, to, 100));
        assertEquals(List.of(), world.written);
        assertEquals(Map.of("fromPeerSpoofed", 1L), world.counted());
    }

    @Test
    void deviceAddressInsideAPeersPrefixIsStillTheDevices() {
        world = new RouterWorld(false, "192.168.7.1/24");
        world.fromPeer(world.a, Packets.udp("192.168.7.1", "192.168.7.9", 100));
        world.fromPeer(world.a, Packets.udp("192.168.7.9", "192.168.7.1", 100));
        assertEquals(Map.of("fromPeerSpoofed", 1L, "toDevice", 1L), world.counted());
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 10.10.0.1, fromPeerMartian",
        "127.0.0.1, 10.10.0.1, fromPeerMartian",
        "224.0.0.1, 10.10.0.1, fromPeerMartian",
        "240.0.0.1, 10.10.0.1, fromPeerMartian",
        "255.255.255.255, 10.10.0.1, fromPeerMartian",
        "10.10.0.2, 0.1.2.3, fromPeerMartian",
        "10.10.0.2, 127.0.0.1, fromPeerMartian",
        "10.10.0.2, 240.0.0.1, fromPeerMartian",
        "10.10.0.2, 10.10.0.2, fromPeerMartian",
        "10.10.0.2, 224.0.0.251, fromPeerMulticast",
        "10.10.0.2, 239.255.255.250, fromPeerMulticast",
        "10.10.0.2, 255.255.255.255, fromPeerMulticast",
        "10.10.0.2, 10.10.0.255, fromPeerMulticast",
        "10.10.0.2, 10.10.0.0, fromPeerMulticast",
        "169.254.1.1, 10.10.0.1, fromPeerLinkLocal",
        "10.10.0.2, 169.254.1.1, fromPeerLinkLocal",
        "::, fd00::1, fromPeerMartian",
        "::1, fd00::1, fromPeerMartian",
        "ff02::1, fd00::1, fromPeerMartian",
        "fd00::2, ::1, fromPeerMartian",
        "fd00::2, ::, fromPeerMartian",
        "fd00::2, fd00::2, fromPeerMartian",
        "fd00::2, ff02::fb, fromPeerMulticast",
        "fe80::2, fd00::1, fromPeerLinkLocal",
        "fd00::2, fe80::1, fromPeerLinkLocal",
        "fd00::2, febf::1, fromPeerLinkLocal",
    })
    void addressesThatAreNeverOnTheWayAreDropped(String from, String to, String counter) {
        world.fromPeer(world.a, Packets.udp(from, to, 100));
        assertEquals(List.of(), world.written);
        assertEquals(Map.of(counter, 1L), world.counted());
    }

    @Test
    void mappedAddressesAreDropped() {
        ByteBuffer packet = Packets.udp("fd00::2", "fd00::1", 100);
        packet.putLong(24, 0).putLong(32, 0xffff_0a0a_0001L);
        world.fromPeer(world.a, packet);
        packet = Packets.udp("fd00::2", "fd00::1", 100);
        packet.putLong(8, 0).putLong(16, 0xffff_0a0a_0002L);
        world.fromPeer(world.a, packet);
        assertEquals(Map.of("fromPeerMartian", 2L), world.counted());
    }

    @Test
    void linkLocalAddressesPassOnceTheDeviceHasOne() {
        world = new RouterWorld(false, "fe80::1/64");
        world.fromPeer(world.a, Packets.udp("fe80::2", "fe80::1", 100));
        world.fromDevice(Packets.udp("fe80::1", "fe80::2", 100));
        assertEquals(Map.of("toDevice", 1L, "toPeers", 1L), world.counted());
    }

    @ParameterizedTest
    @CsvSource({
        "10.10.0.1, 224.0.0.251, fromDeviceMulticast",
        "10.10.0.1, 255.255.255.255, fromDeviceMulticast",
        "0.0.0.0, 255.255.255.255, fromDeviceMulticast",
        "10.10.0.1, 10.10.0.255, fromDeviceMulticast",
        "fe80::1, ff02::2, fromDeviceMulticast",
        "::, ff02::16, fromDeviceMulticast",
        "fe80::1, fe80::2, fromDeviceLinkLocal",
        "169.254.3.4, 10.10.0.2, fromDeviceLinkLocal",
        "0.0.0.0, 10.10.0.2, fromDeviceMartian",
        "10.10.0.1, 127.0.0.1, fromDeviceMartian",
        "10.10.0.2, 10.10.0.2, fromDeviceMartian",
        "10.10.0.9, 10.10.0.1, fromDeviceMartian",
    })
    void chatterOfTheMachineIsDroppedWithoutAWord(String from, String to, String counter) {
        world.fromDevice(Packets.udp(from, to, 100));
        assertEquals(List.of(), world.written);
        assertEquals(List.of(), world.a.sent);
        assertEquals(Map.of(counter, 1L), world.counted());
    }

    @Test
    void whoHasNoPeerIsToldNetUnreachable() {
        world.fromDevice(
                Packets.hex(
                        "45000020 00010000 40110000 0a0a0001 c0000201",
                        "04d20035 000c0000 01020304"));
        assertEquals(
                List.of(
                        Packets.hex(
                                Packets.hex(
                                        "4500003c 00004000 40016eb5 c0000201 0a0a0001",
                                        "0300a2a7 00000000",
                                        "45000020 00010000 40110000 0a0a0001 c0000201",
                                        "04d20035 000c0000 01020304"))),
                world.written);
        assertEquals(Map.of("toNoPeer", 1L, "errorsSent", 1L), world.counted());
    }

    @Test
    void whoHasNoPeerIsToldNoRouteByIcmpv6() {
        world.fromDevice(Packets.udp("fd00::1", "fd01::9", 48));
        ByteBuffer error = Packets.hex(world.written.getFirst());
        assertEquals(
                "60000000"
                        + "0038"
                        + "3a"
                        + "40"
                        + "fd010000000000000000000000000009"
                        + "fd000000000000000000000000000001"
                        + "0100",
                Packets.hex(error.slice(0, 42)));
        assertEquals(0, error.getInt(44));
        assertEquals(
                Packets.hex(Packets.udp("fd00::1", "fd01::9", 48)),
                Packets.hex(error.slice(48, 48)));
        assertTrue(Packets.isRight(56 + 58, error, 8, error.limit()));
    }

    @ParameterizedTest
    @CsvSource({"10.10.0.1, 10.10.0.2, 0301", "fd00::1, fd00::2, 0103"})
    void whosePeerIsNotThereIsToldHostUnreachable(String from, String to, String typeAndCode) {
        world.a.up = false;
        world.fromDevice(Packets.udp(from, to, 100));
        int header = from.contains(":") ? 40 : 20;
        assertEquals(typeAndCode, world.written.getFirst().substring(2 * header, 2 * header + 4));
        assertEquals(List.of(), world.a.sent);
        assertEquals(Map.of("toPeerDown", 1L, "errorsSent", 1L), world.counted());
    }

    @Test
    void tenUnreachablesLeaveASecond() {
        world.a.up = false;
        for (int i = 0; i < 2000; i++) {
            world.fromDevice(Packets.udp("10.10.0.1", "10.10.0.2", 100));
            world.nowNanos += 1_000_000;
        }
        // Ten at once, and ten for each of the two seconds but the last moment.
        assertEquals(
                Map.of("toPeerDown", 2000L, "errorsSent", 29L, "errorsWithheld", 1971L),
                world.counted());
    }

    @Test
    void tooWidePacketThatMustNotBeCutDrawsTheWidth() {
        world.a.size = 1234;
        ByteBuffer packet = Packets.whole(Packets.udp("10.10.0.1", "10.10.0.2", 1235));
        world.fromDevice(packet);
        assertEquals(List.of(), world.a.sent);
        ByteBuffer error = Packets.hex(world.written.getFirst());
        assertEquals(576, error.limit());
        assertEquals("45000240000040004001", Packets.hex(error.slice(0, 10)));
        assertEquals("0a0a0002" + "0a0a0001" + "0304", Packets.hex(error.slice(12, 10)));
        assertEquals(1234, error.getInt(24));
        assertEquals(Packets.hex(packet.slice(0, 548)), Packets.hex(error.slice(28, 548)));
        assertTrue(Packets.isRight(0, error, 0, 20));
        assertTrue(Packets.isRight(0, error, 20, 576));
        assertEquals(Map.of("toPeerTooBig", 1L, "errorsSent", 1L), world.counted());
    }

    @Test
    void tooWideIpv6PacketDrawsTheWidth() {
        world.a.size = 1300;
        ByteBuffer packet = Packets.udp("fd00::1", "fd00::2", 1301);
        world.fromDevice(packet);
        ByteBuffer error = Packets.hex(world.written.getFirst());
        assertEquals(1280, error.limit());
        assertEquals("0200", Packets.hex(error.slice(40, 2)));
        assertEquals(1300, error.getInt(44));
        assertEquals(Packets.hex(packet.slice(0, 1232)), Packets.hex(error.slice(48, 1232)));
        assertTrue(Packets.isRight(1240 + 58, error, 8, 1280));
    }

    @Test
    void ipv6IsNeverToldLessThanItIsPromised() {
        world.a.size = 1000;
        world.fromDevice(Packets.udp("fd00::1", "fd00::2", 1280));
        assertEquals(1, world.a.sent.size());
        world.fromDevice(Packets.udp("fd00::1", "fd00::2", 1281));
        assertEquals(1, world.a.sent.size());
        assertEquals(1280, Packets.hex(world.written.getFirst()).getInt(44));
    }

    @Test
    void widePacketsGoInPartsUntilTheWidthIsKnownAndIfTheyMayBeCut() {
        world.a.size = 1200;
        world.fromDevice(Packets.udp("10.10.0.1", "10.10.0.2", RouterWorld.WIDEST));
        world.a.sizeIsFinal = false;
        world.fromDevice(Packets.whole(Packets.udp("10.10.0.1", "10.10.0.2", 1440)));
        world.fromDevice(Packets.udp("fd00::1", "fd00::2", RouterWorld.WIDEST));
        assertEquals(3, world.a.sent.size());
        assertEquals(Map.of("toPeers", 3L), world.counted());
    }

    @Test
    void noPacketIsWiderThanParts() {
        world.a.sizeIsFinal = false;
        world.fromDevice(Packets.udp("10.10.0.1", "10.10.0.2", RouterWorld.WIDEST + 1));
        assertEquals(List.of(), world.written);
        world.fromDevice(Packets.udp("fd00::1", "fd00::2", RouterWorld.WIDEST + 1));
        assertEquals(RouterWorld.WIDEST, Packets.hex(world.written.getFirst()).getInt(44));
        world.fromPeer(world.a, Packets.udp("10.10.0.2", "10.10.0.1", RouterWorld.WIDEST + 1));
        assertEquals(
                Map.of("toPeerTooBig", 2L, "errorsSent", 1L, "fromPeerOversize", 1L),
                world.counted());
    }

    @ParameterizedTest
    @CsvSource({"10.10.0.1, 10.10.0.2", "fd00::1, fd00::2"})
    void ownDatagramsDoNotGoThroughTheirOwnTunnel(String own, String peers) {
        int header = own.contains(":") ? 40 : 20;
        ByteBuffer out = Packets.udp(own, peers, 100).putShort(header, (short) 41_000);
        world.fromDevice(out);
        ByteBuffer in = Packets.udp(peers, own, 100).putShort(header + 2, (short) 41_000);
        world.fromPeer(world.a, in);
        assertEquals(Map.of("fromDeviceNested", 1L, "fromPeerNested", 1L), world.counted());

        world.fromDevice(out.putShort(header, (short) 41_001));
        world.fromPeer(world.a, in.putShort(header + 2, (short) 41_001));
        world.fromPeer(world.a, in.putShort(header, (short) 41_000));
        assertEquals(1, world.a.sent.size());
        assertEquals(2, world.written.size());
    }

    @Test
    void deviceIsNotGivenMoreThanItTakes() {
        world.fromPeer(world.a, Packets.udp("10.10.0.2", "10.10.0.1", RouterWorld.MTU));
        world.fromPeer(world.a, Packets.udp("10.10.0.2", "10.10.0.1", RouterWorld.MTU + 1));
        assertEquals(Map.of("toDevice", 1L, "fromPeerOversize", 1L), world.counted());
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5, 11, 12})
    void noErrorIsAboutAnError(int type) {
        world.a.up = false;
        ByteBuffer error = Packets.of(IpPacket.ICMP, "10.10.0.1", "10.10.0.2", 100);
        world.fromDevice(error.put(20, (byte) type));
        assertEquals(Map.of("toPeerDown", 1L), world.counted());
        world.fromDevice(error.put(20, (byte) 8));
        assertEquals(1, world.written.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 100, 127, 137})
    void noErrorIsAboutAnErrorOfIcmpv6(int type) {
        world.a.up = false;
        ByteBuffer error = Packets.of(IpPacket.ICMPV6, "fd00::1", "fd00::2", 100);
        world.fromDevice(error.put(40, (byte) type));
        assertEquals(Map.of("toPeerDown", 1L), world.counted());
        world.fromDevice(error.put(40, (byte) 128));
        assertEquals(1, world.written.size());
    }

    @Test
    void noErrorIsAboutALaterFragment() {
        world.a.up = false;
        world.fromDevice(Packets.fragment(Packets.udp("10.10.0.1", "10.10.0.2", 100), 0x2001));
        assertEquals(Map.of("toPeerDown", 1L), world.counted());
    }

    @Test
    void whatOneEndDoesNotTakeIsCounted() {
        world.a.takes = false;
        world.deviceTakes = false;
        world.fromDevice(Packets.udp("10.10.0.1", "10.10.0.2", 100));
        world.fromPeer(world.a, Packets.udp("10.10.0.2", "10.10.0.1", 100));
        assertEquals(Map.of("toPeerNotSent", 1L, "toDeviceNotWritten", 1L), world.counted());
    }

    @Test
    void malformedAndSourceRoutedPacketsAreDropped() {
        ByteBuffer routed = Packets.udp("10.10.0.2", "10.10.0.1", 36);
        routed.put(0, (byte) 0x47).put(20, (byte) 131).put(21, (byte) 7).put(22, (byte) 4);
        world.fromPeer(world.a, routed);
        world.fromPeer(world.a, ByteBuffer.allocate(0));
        world.fromPeer(world.a, ByteBuffer.allocate(1));
        world.fromDevice(ByteBuffer.allocate(1));
        assertEquals(
                Map.of(
                        "fromPeerSourceRouted",
                        1L,
                        "fromPeerMalformed",
                        2L,
                        "fromDeviceMalformed",
                        1L),
                world.counted());
    }

    @Test
    void peersReachEachOtherOnlyIfConfigured() {
        world.fromPeer(world.a, Packets.udp("10.10.0.2", "10.10.0.3", 100));
        assertEquals(Map.of("fromPeerNotForwarded", 1L), world.counted());
        assertEquals(List.of(), world.written);

        world = new RouterWorld(true);
        world.fromPeer(world.a, Packets.udp("10.10.0.2", "10.10.0.3", 100));
        world.fromPeer(world.a, Packets.udp("fd00::2", "fd00::3", 100));
        assertEquals(
                List.of(
                        Packets.hex(
                                Packets.hopLimit(Packets.udp("10.10.0.2", "10.10.0.3", 100), 63)),
                        Packets.hex(Packets.hopLimit(Packets.udp("fd00::2", "fd00::3", 100), 63))),
                world.b.sent);
        assertEquals(Map.of("forwarded", 2L), world.counted());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void packetInsideThePrefixOfItsOwnSenderIsTheKernelsToRoute(boolean forward) {
        world = new RouterWorld(forward);
        ByteBuffer packet = Packets.udp("10.10.0.2", "192.168.7.1", 100);
        world.fromPeer(world.a, packet);
        assertEquals(List.of(Packets.hex(packet)), world.written);
        assertEquals(List.of(), world.a.sent);
        assertEquals(Map.of("toDevice", 1L), world.counted());
    }

    @Test
    void whatTheKernelRoutesBackToItsSenderGoesThere() {
        ByteBuffer packet = Packets.hopLimit(Packets.udp("10.10.0.2", "192.168.7.1", 100), 63);
        world.fromDevice(packet);
        assertEquals(List.of(Packets.hex(packet)), world.a.sent);
    }

    @Test
    void forwardingEndsWithTheHopLimit() {
        world = new RouterWorld(true);
        for (int limit = 0; limit < 2; limit++) {
            world.fromPeer(
                    world.a, Packets.hopLimit(Packets.udp("10.10.0.2", "10.10.0.3", 100), limit));
        }
        assertEquals(List.of(), world.b.sent);
        assertEquals(Map.of("fromPeerHopLimit", 2L), world.counted());
    }

    @Test
    void errorsAboutForwardedPacketsGoToThePeerThatSentThem() {
        world = new RouterWorld(true);
        world.b.size = 1300;
        world.fromPeer(world.a, Packets.whole(Packets.udp("10.10.0.2", "10.10.0.3", 1400)));
        assertEquals(List.of(), world.written);
        ByteBuffer error = Packets.hex(world.a.sent.getFirst());
        assertEquals("0a0a0003" + "0a0a0002" + "0304", Packets.hex(error.slice(12, 10)));
        assertEquals(1300, error.getInt(24));
    }

    @Test
    void ownersCanBeReplaced() {
        world.router.allow(AllowedIps.<FarEnd>builder().build());
        world.fromPeer(world.a, Packets.udp("10.10.0.2", "10.10.0.1", 100));
        assertEquals(Map.of("fromPeerSpoofed", 1L), world.counted());
    }
}
