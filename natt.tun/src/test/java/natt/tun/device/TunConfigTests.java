package natt.tun.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.keys.AddressPrefix;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.util.List;

class TunConfigTests {
    private static final TunAddress FOUR = peer("10.0.0.1", "10.0.0.2");
    private static final TunAddress SIX = TunAddress.inPrefix(ip("fd00::1"), 64);

    private static InetAddress ip(String literal) {
        return InetAddress.ofLiteral(literal);
    }

    private static TunAddress peer(String local, String peer) {
        return TunAddress.toPeer(ip(local), ip(peer));
    }

    private static TunConfig named(String name) {
        return new TunConfig(name, List.of(FOUR), 1_420, List.of());
    }

    private static String refused(Runnable action) {
        return assertThrows(IllegalArgumentException.class, action::run).getMessage();
    }

    @ParameterizedTest
    @ValueSource(strings = {"natt0", "n", "a-b_c.d", "fifteen-letters"})
    void namesOfUpToFifteenBytesAreTaken(String name) {
        assertEquals(name, named(name).name());
    }

    @Test
    void longerNamesAreRefused() {
        assertEquals(
                "the device name 'sixteen--letters' has 16 bytes; a name has at most 15",
                refused(() -> named("sixteen--letters")));
        assertEquals(
                "the device name 'ääääääää' has 16 bytes; a name has at most 15",
                refused(() -> named("ääääääää")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a/b", "..", ".", "natt%d", "-f", "a:1", "a\n"})
    void whatIsNoNameOfADeviceIsRefused(String name) {
        String line = refused(() -> named(name));
        assertEquals("'" + name.replace("\n", "\\x0a") + "' is not a device name like natt0", line);
    }

    @ParameterizedTest
    @CsvSource({"67", "65536", "0", "-1"})
    void anMtuIsWhatIpv4Allows(int mtu) {
        assertEquals(
                "the MTU of a device is 68 to 65535, not " + mtu,
                refused(() -> new TunConfig("natt0", List.of(FOUR), mtu, List.of())));
        assertEquals(68, new TunConfig("natt0", List.of(FOUR), 68, List.of()).mtu());
    }

    @Test
    void withIpv6AnMtuIsAtLeastWhatIpv6Needs() {
        String line = "the MTU of a device with IPv6 is 1280 to 65535, not 1279";
        assertEquals(
                line, refused(() -> new TunConfig("natt0", List.of(FOUR, SIX), 1_279, List.of())));
        List<AddressPrefix> routes = List.of(AddressPrefix.parse("fd00:2::/48"));
        assertEquals(line, refused(() -> new TunConfig("natt0", List.of(FOUR), 1_279, routes)));
        assertEquals(1_280, new TunConfig("natt0", List.of(SIX), 1_280, routes).mtu());
    }

    @Test
    void anAdministratorIsToldTheCommands() {
        var config =
                new TunConfig(
                        "natt0",
                        List.of(FOUR, SIX),
                        1_400,
                        List.of(AddressPrefix.parse("10.1.0.0/16")));
        assertEquals(
                "ip tuntap add dev natt0 mode tun user ann;"
                        + " ip link set dev natt0 mtu 1400 up;"
                        + " ip addr add 10.0.0.1 peer 10.0.0.2/32 dev natt0;"
                        + " ip addr add fd00::1/64 dev natt0;"
                        + " ip route add 10.1.0.0/16 dev natt0",
                config.commands("ann"));
    }

    @Test
    void anAddressLeadsToItsPeerOrItsPrefix() {
        assertEquals("10.0.0.2/32", FOUR.prefix().toString());
        assertEquals("fd00::/64", SIX.prefix().toString());
        assertEquals("10.1.2.0/23", TunAddress.inPrefix(ip("10.1.3.4"), 23).prefix().toString());
    }

    @Test
    void addressesThatNoDeviceHasAreRefused() {
        assertEquals(
                "0.0.0.0 is no address of a device", refused(() -> peer("0.0.0.0", "10.0.0.1")));
        assertEquals(
                "224.0.0.1 is no address of a device",
                refused(() -> peer("10.0.0.1", "224.0.0.1")));
        assertEquals(
                "255.255.255.255 is no address of a device",
                refused(() -> peer("10.0.0.1", "255.255.255.255")));
        assertEquals(
                "ff02::1 is no address of a device", refused(() -> peer("ff02::1", "fd00::1")));
        assertEquals(
                "10.0.0.1 and fd00::1 are not of the same family",
                refused(() -> peer("10.0.0.1", "fd00::1")));
        assertEquals(
                "a prefix of 10.0.0.1 has 0 to 32 bits, not 33",
                refused(() -> TunAddress.inPrefix(ip("10.0.0.1"), 33)));
    }
}
