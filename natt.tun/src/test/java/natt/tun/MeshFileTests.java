package natt.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.keys.AddressPrefix;
import natt.tun.packet.LocalAddress;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

class MeshFileTests {
    private static final String DEVICE = "local 10.10.0.1/24\n";
    private static final String KEY = "1V3qRXppcgXTgKtYCb3LHV8sZWInxnRN6bOxUBp5wBE";

    @Test
    void deviceAndPeersAreRead(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("mesh");
        Files.writeString(
                file,
                """
                # the office
                device tun7
                local 10.10.0.1/24
                local fd00::1/64\t# and by IPv6
                mtu 1400
                forward yes

                peer Laptop
                  allowed-ips 10.10.0.2 fd00::2
                peer %s   # by its key
                  allowed-ips 10.10.0.3
                  allowed-ips 192.168.7.0/24
                """
                        .formatted(KEY));
        assertEquals(
                new TunnelConfig(
                        "tun7",
                        OptionalInt.of(1400),
                        List.of(
                                LocalAddress.parse("10.10.0.1/24"),
                                LocalAddress.parse("fd00::1/64")),
                        true,
                        List.of(
                                new TunnelPeer("laptop", prefixes("10.10.0.2", "fd00::2")),
                                new TunnelPeer(KEY, prefixes("10.10.0.3", "192.168.7.0/24")))),
                MeshFile.read(file));
    }

    @Test
    void restHasDefaults() {
        TunnelConfig config = MeshFile.parse("mesh", DEVICE + "peer a\nallowed-ips 10.10.0.2");
        assertEquals("natt0", config.device());
        assertEquals(1420, config.mtuOrUsual());
        assertEquals(false, config.forward());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dev natt0 | 1: there is no 'dev': device, local, mtu, forward, peer, allowed-ips",
                "device | 1: device takes one word, not 0",
                "device a b | 1: device takes one word, not 2",
                "device a/b | 1: 'a/b' is not the name of a device, of 1 to 15 letters, digits,"
                        + " . - and _",
                "device a;device b | 2: the device is named twice",
                "local 10.10.0.1/33 | 1: a prefix of 10.10.0.1 has 0 to 32 bits, not 33",
                "local 127.0.0.1 | 1: 127.0.0.1 is no address for a device",
                "local host | 1: 'host' is not an address like 10.10.0.1/24",
                "local 10.0.0.1;local 10.0.0.1/8 | 2: 10.0.0.1 is given to the device twice",
                "mtu 1441 | 1: the MTU is 'auto' or 576 to 1440, not '1441'",
                "mtu 1400;mtu 1400 | 2: the MTU is given twice",
                "forward maybe | 1: forward is yes or no, not 'maybe'",
                "allowed-ips 10.0.0.1 | 1: allowed-ips are those of a peer, of which there is none"
                        + " yet",
                "peer a b | 1: peer takes one word, not 2",
                "peer a;allowed-ips | 2: allowed-ips needs addresses or prefixes",
                "peer a;peer b | 2: the peer a has no allowed-ips",
                "peer a;allowed-ips 10.0.0.1/8 | 2: 10.0.0.1/8 has bits after the first 8",
                "peer a;allowed-ips 224.0.0.0/4 | 2: 224.0.0.0/4 are no addresses of hosts",
                "peer a;allowed-ips 127.0.0.0/8 | 2: 127.0.0.0/8 are no addresses of hosts",
                "peer a;allowed-ips ff00::/8 | 2: ff00::/8 are no addresses of hosts",
                "peer a;allowed-ips ::1 | 2: ::1/128 are no addresses of hosts",
                "peer a;allowed-ips 10.0.0.2 10.0.0.2 | 2: 10.0.0.2/32 is allowed to a twice",
                "peer a;allowed-ips 10.0.0.2;peer b;allowed-ips 10.0.0.2 | 4: 10.0.0.2/32 is"
                        + " allowed to both a and b",
                "peer a;allowed-ips 10.0.0.2;peer a | 3: the peer a is there twice",
                "peer a;allowed-ips 10.0.0.2;local 10.0.0.1 | 3: local is the device's and belongs"
                        + " before the first peer",
                "local 10.0.0.1/8;peer a;allowed-ips 10.0.0.1 | 3: 10.0.0.1 is both this device's"
                        + " and that of a",
                "local 10.0.0.1/8 | 1: there is no peer",
                "local 10.0.0.1/8;peer a | 2: the peer a has no allowed-ips",
                "peer a;allowed-ips 10.0.0.2 | 2: the device has no local address",
                "mtu 1279;local fd00::1;peer a;allowed-ips fd00::2 | 4: IPv6 needs an MTU of 1280"
                        + " at least",
                "mtu 1279;local 10.0.0.1;peer a;allowed-ips fd00::2 | 4: IPv6 needs an MTU of 1280"
                        + " at least",
                "# nothing | 1: the device has no local address",
            })
    void whatIsWrongIsSaidWithItsLine(String lines, String why) {
        var wrong =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> MeshFile.parse("mesh", lines.replace(';', '\n')));
        assertEquals("mesh:" + why, wrong.getMessage());
    }

    @Test
    void foreignTextIsEscaped() {
        var wrong =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> MeshFile.parse("mesh\n", "\u001b[31m"));
        assertEquals(
                "mesh\\x0a:1: there is no '\\x1b[31m': device, local, mtu, forward, peer,"
                        + " allowed-ips",
                wrong.getMessage());
    }

    @Test
    void everythingMayBeAPeers() {
        assertEquals(
                prefixes("0.0.0.0/0", "::/0"),
                MeshFile.parse("mesh", DEVICE + "peer a\nallowed-ips 0.0.0.0/0 ::/0")
                        .peers()
                        .getFirst()
                        .allowedIps());
    }

    @Test
    void missingFileIsSaid(@TempDir Path directory) {
        assertThrows(NoSuchFileException.class, () -> MeshFile.read(directory.resolve("nowhere")));
    }

    private static List<AddressPrefix> prefixes(String... texts) {
        return List.of(texts).stream().map(AddressPrefix::parse).toList();
    }
}
