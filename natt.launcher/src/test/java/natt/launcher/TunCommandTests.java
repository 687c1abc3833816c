package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.keys.AddressPrefix;
import natt.tun.TunnelConfig;
import natt.tun.TunnelPeer;
import natt.tun.packet.LocalAddress;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

class TunCommandTests {
    @TempDir Path directory;

    private static TunnelConfig tunnel(String line) throws IOException {
        var options = new TunOptions();
        assertTrue(CommandLine.parse("natt tun", options, line.split(" "), Map.of()));
        return TunCommand.tunnel(options);
    }

    private static TunnelPeer peer(String name, String... prefixes) {
        return new TunnelPeer(name, List.of(prefixes).stream().map(AddressPrefix::parse).toList());
    }

    @Test
    void twoEndsOwnOneAddressEachOfBothFamilies() throws IOException {
        assertEquals(
                new TunnelConfig(
                        "natt0",
                        OptionalInt.empty(),
                        List.of(LocalAddress.parse("10.10.0.1"), LocalAddress.parse("fd00::1")),
                        false,
                        List.of(peer("b", "10.10.0.2", "fd00::2"))),
                tunnel(
                        "--peer B --local 10.10.0.1 --local fd00::1 --remote 10.10.0.2 --remote"
                                + " fd00::2"));
    }

    @Test
    void moreThanOneAddressOfThePeerIsAllowed() throws IOException {
        assertEquals(
                List.of(peer("b", "10.10.0.2", "192.168.7.0/24", "10.20.0.0/16")),
                tunnel(
                                "--peer b --local 10.10.0.1 --remote 10.10.0.2 --allowed-ips"
                                        + " 192.168.7.0/24,10.20.0.0/16")
                        .peers());
    }

    @Test
    void deviceAndMtuAreAsGiven() throws IOException {
        TunnelConfig config =
                tunnel("--peer b --local 10.0.0.1 --remote 10.0.0.2 --dev tun7 --mtu 1280");
        assertEquals("tun7", config.device());
        assertEquals(1280, config.mtuOrUsual());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--peer b --remote 10.0.0.2 | --local is missing: the address of the device",
                "--peer b --local 10.0.0.1 | --remote is missing: the address of the other end's"
                        + " device",
                "--local 10.0.0.1 --remote 10.0.0.2 | who is the other end? Give --peer, --target,"
                        + " or --config with several",
                "--peer b --target t --local 10.0.0.1 | --peer and --target exclude each other",
                "--peer b --local 10.0.0.1 --remote 10.0.0.0/8 | --remote is an address, not"
                        + " '10.0.0.0/8': more go to --allowed-ips",
                "--peer b --local 10.0.0.1 --remote fd00::2 | --remote fd00::2 needs a --local of"
                        + " its family",
                "--peer b --local 10.0.0.1 --remote 10.0.0.1 | 10.0.0.1 is both this device's and"
                        + " that of b",
                "--config f --peer b | with --config the device and its peers are those of the"
                        + " file",
                "--config f --mtu 1400 | with --config the device and its peers are those of the"
                        + " file",
                "--peer b --local 10.0.0.1 --remote 10.0.0.2 --mtu 100 | the MTU is 'auto' or 576"
                        + " to 1440, not '100'",
                "--peer b --nonsense | there is no option '--nonsense'",
            })
    void contradictionsAreSaidInOneLine(String line, String why) {
        var wrong = assertThrows(IllegalArgumentException.class, () -> plain(line));
        assertEquals(why, wrong.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--strict",
                "--known-hosts f",
                "--dns-server 192.0.2.53",
                "--dns-file f",
                "--broker b",
                "--broker-psk-file f",
                "--name n",
                "--peer p",
                "--target t",
                "--config f",
                "--listen :9",
                "--psk-file f"
            })
    void natpunchTakesNoOptionThatItHasNoUseFor(String option) {
        String line = "--natpunch s:1 --local 10.0.0.1 --remote 10.0.0.2 " + option;
        var wrong = assertThrows(UsageException.class, () -> tunnel(line));
        assertEquals(
                "with --natpunch there are only --local, --remote, --allowed-ips, --dev and --mtu",
                wrong.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--peer b --dns-server 192.0.2.53",
                "--peer b --dns-file f",
                "--config f --dns-server 192.0.2.53",
                "--config f --dns-file f"
            })
    void dnsIsAskedForATargetOnly(String line) {
        var wrong = assertThrows(UsageException.class, () -> tunnel(line));
        assertEquals("--dns-server and --dns-file are for --target", wrong.getMessage());
    }

    @Test
    void dnsMayBeGivenWithATarget() throws IOException {
        assertEquals(
                List.of(peer("peer", "10.0.0.2")),
                tunnel("--target t --dns-file f --local 10.0.0.1 --remote 10.0.0.2").peers());
    }

    private static void plain(String line) throws IOException {
        try {
            tunnel(line);
        } catch (UsageException wrong) {
            throw new IllegalArgumentException(wrong.getMessage(), wrong);
        }
    }

    @Test
    void fileHoldsTheDeviceAndItsPeers() throws IOException {
        Path file = directory.resolve("mesh");
        Files.writeString(file, "local 10.0.0.1/24\npeer a\nallowed-ips 10.0.0.2\n");
        assertEquals(List.of(peer("a", "10.0.0.2")), tunnel("--config " + file).peers());
    }

    @Test
    void withoutBrokerNothingIsMade() {
        String[] args =
                ("--peer b --local 10.0.0.1 --remote 10.0.0.2 --state-dir " + directory).split(" ");
        var wrong = assertThrows(UsageException.class, () -> TunCommand.run(args, Map.of()));
        assertEquals("--broker [KEY@]HOST[:PORT] is missing", wrong.getMessage());
        assertFalse(Files.exists(directory.resolve("natt.key")));
    }

    @Test
    void namesNeedABroker() {
        String[] args =
                ("--target x.example --name a --local 10.0.0.1 --remote 10.0.0.2 --state-dir "
                                + directory)
                        .split(" ");
        var wrong = assertThrows(UsageException.class, () -> TunCommand.run(args, Map.of()));
        assertEquals("--name and --broker-psk-file need a --broker", wrong.getMessage());
    }
}
