package natt.tun.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.keys.AddressPrefix;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Optional;

/// Messages by their bytes on a little-endian machine, which every machine is that runs these.
class RouteMessagesTests {
    private static final HexFormat HEX = HexFormat.of();

    private static final TunAddress FOUR = TunAddress.toPeer(ip("10.10.0.1"), ip("10.10.0.2"));
    private static final TunAddress SIX = TunAddress.inPrefix(ip("fd00::1"), 64);

    private static InetAddress ip(String literal) {
        return InetAddress.ofLiteral(literal);
    }

    private static String bytes(Netlink message) {
        ByteBuffer whole = message.message(7);
        var bytes = new byte[whole.remaining()];
        whole.get(bytes);
        return HEX.formatHex(bytes);
    }

    private static String text(String... parts) {
        return String.join("", parts).replace(" ", "");
    }

    private static ByteBuffer answer(String... parts) {
        return ByteBuffer.wrap(HEX.parseHex(text(parts))).order(ByteOrder.nativeOrder());
    }

    @Test
    void aDeviceIsAskedForByItsName() {
        assertEquals(
                text(
                        "2c000000 1200 0100 07000000 00000000",
                        "00 00 0000 00000000 00000000 00000000",
                        "0a00 0300 6e6174743000 0000"),
                bytes(RouteMessages.getLink("natt0")));
    }

    @Test
    void anMtuIsSetAndTheDevicePutUpAndDown() {
        assertEquals(
                text(
                        "28000000 1000 0500 07000000 00000000",
                        "00 00 0000 03000000 00000000 00000000",
                        "0800 0400 8c050000"),
                bytes(RouteMessages.setMtu(3, 1_420)));
        assertEquals(
                text(
                        "20000000 1000 0500 07000000 00000000",
                        "00 00 0000 03000000 01000000 01000000"),
                bytes(RouteMessages.setUp(3)));
        assertEquals(
                text(
                        "20000000 1000 0500 07000000 00000000",
                        "00 00 0000 03000000 00000000 01000000"),
                bytes(RouteMessages.setDown(3)));
    }

    @Test
    void theKernelIsToldToMakeNoAddressOfItsOwn() {
        assertEquals(
                text(
                        "30000000 1000 0500 07000000 00000000",
                        "00 00 0000 03000000 00000000 00000000",
                        "1000 1a80  0c00 0a80  0500 0800 01 000000"),
                bytes(RouteMessages.setNoOwnAddress(3)));
    }

    @Test
    void anAddressIsAddedWithItsPeerAndRemoved() {
        assertEquals(
                text(
                        "28000000 1400 0506 07000000 00000000",
                        "02 20 00 00 03000000",
                        "0800 0200 0a0a0001  0800 0100 0a0a0002"),
                bytes(RouteMessages.addAddress(3, FOUR)));
        assertEquals(
                text(
                        "28000000 1500 0500 07000000 00000000",
                        "02 20 00 00 03000000",
                        "0800 0200 0a0a0001  0800 0100 0a0a0002"),
                bytes(RouteMessages.removeAddress(3, FOUR)));
    }

    @Test
    void anIpv6AddressIsUsableAtOnce() {
        String fd00 = "fd000000000000000000000000000001";
        assertEquals(
                text(
                        "48000000 1400 0506 07000000 00000000",
                        "0a 40 00 00 03000000",
                        "1400 0200" + fd00 + "1400 0100" + fd00 + "0800 0800 02000000"),
                bytes(RouteMessages.addAddress(3, SIX)));
    }

    @Test
    void aRouteIsAddedAndRemoved() {
        AddressPrefix to = AddressPrefix.parse("10.99.0.0/16");
        assertEquals(
                text(
                        "2c000000 1800 0506 07000000 00000000",
                        "02 10 00 00 fe 04 fd 01 00000000",
                        "0800 0100 0a630000  0800 0400 03000000"),
                bytes(RouteMessages.addRoute(3, to)));
        assertEquals(
                text(
                        "2c000000 1900 0500 07000000 00000000",
                        "02 10 00 00 fe 04 ff 01 00000000",
                        "0800 0100 0a630000  0800 0400 03000000"),
                bytes(RouteMessages.removeRoute(3, to)));
    }

    private static final String LINK = "00 00 feff 05000000 d1100100 00000000";
    private static final String NAME = "0a00 0300 6e6174743000 0000";
    private static final String MTU = "0800 0400 8c050000";

    @Test
    void aDeviceIsDescribed() {
        ByteBuffer tun =
                answer(
                        LINK,
                        NAME,
                        MTU,
                        "2c00 1280",
                        "0800 0100 74756e00",
                        "2000 0200  0800 0100 e8030000  0500 0300 01 000000  0500 0700 01 000000",
                        "0000 0000");
        assertEquals(
                Optional.of(new RouteMessages.Link(5, "natt0", 1_420, true, true, true, 1_000)),
                RouteMessages.link(tun));
    }

    @Test
    void whatIsNoTunDeviceIsSeen() {
        ByteBuffer tap =
                answer(
                        LINK,
                        NAME,
                        "1c00 1280",
                        "0800 0100 74756e00",
                        "0c00 0200  0500 0300 02 000000");
        assertEquals(
                Optional.of(new RouteMessages.Link(5, "natt0", 0, true, false, false, -1)),
                RouteMessages.link(tap));
        assertEquals(
                Optional.of(new RouteMessages.Link(5, "natt0", 0, true, false, false, -1)),
                RouteMessages.link(answer(LINK, NAME)));
    }

    @Test
    void addressesAndRoutesOfOtherDevicesAreNotTold() {
        ByteBuffer address =
                answer(
                        "02 20 80 00 03000000",
                        "0800 0100 0a0a0002 0800 0200 0a0a0001 0800 0800 80000000");
        assertEquals(Optional.of(FOUR), RouteMessages.address(address, 3));
        assertEquals(Optional.empty(), RouteMessages.address(address, 4));
        ByteBuffer alone =
                answer("0a 40 80 00 03000000 1400 0100 fd000000000000000000000000000001");
        assertEquals(Optional.of(SIX), RouteMessages.address(alone, 3));
        ByteBuffer route =
                answer(
                        "02 10 00 00 fe 04 fd 01 00000000",
                        "0800 0f00 fe000000 0800 0100 0a630000 0800 0400 03000000");
        assertEquals(
                Optional.of(AddressPrefix.parse("10.99.0.0/16")), RouteMessages.route(route, 3));
        assertEquals(Optional.empty(), RouteMessages.route(route, 4));
        ByteBuffer all = answer("0a 00 00 00 fe 04 00 01 00000000 0800 0400 03000000");
        assertEquals(Optional.of(AddressPrefix.parse("::/0")), RouteMessages.route(all, 3));
        ByteBuffer local =
                answer("02 20 00 00 ff 02 fe 02 00000000 0800 0100 0a0a0001 0800 0400 03000000");
        assertEquals(Optional.empty(), RouteMessages.route(local, 3));
    }

    @Test
    void answersThatAreCutOffTellNothingMore() {
        ByteBuffer whole = answer(LINK, NAME, MTU);
        for (int length = 0; length < 16; length++) {
            assertEquals(Optional.empty(), RouteMessages.link(whole.slice(0, length)));
        }
        for (int length = 16; length < 28; length++) {
            ByteBuffer cut = whole.slice(0, length).order(ByteOrder.nativeOrder());
            String name = length < 26 ? "" : "natt0";
            assertEquals(
                    Optional.of(new RouteMessages.Link(5, name, 0, true, false, false, -1)),
                    RouteMessages.link(cut));
        }
    }
}
