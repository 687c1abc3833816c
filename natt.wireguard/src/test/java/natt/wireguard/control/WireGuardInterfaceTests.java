package natt.wireguard.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;
import natt.core.NodeKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

@Timeout(30)
class WireGuardInterfaceTests {
    private static final byte[] PRIVATE = filled(0x58);
    private static final String PRIVATE_HEX = HexFormat.of().formatHex(PRIVATE);
    private static final String PRIVATE_TEXT = Base64.getEncoder().encodeToString(PRIVATE);
    private static final NodeKey ONE = NodeKey.of(filled(0x31));
    private static final NodeKey TWO = NodeKey.of(filled(0x32));
    private static final String ONE_HEX = "31".repeat(32);
    private static final String TWO_HEX = "32".repeat(32);
    private static final String ONE_TEXT = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=";
    private static final String TWO_TEXT = "MjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjI=";

    private static final String REPLY =
            """
            private_key=%s
            listen_port=51820
            fwmark=7
            public_key=%s
            preshared_key=%s
            protocol_version=1
            endpoint=203.0.113.7:4123
            last_handshake_time_sec=1700000000
            last_handshake_time_nsec=5
            tx_bytes=10
            rx_bytes=20
            persistent_keepalive_interval=25
            allowed_ip=10.0.0.2/32
            allowed_ip=fd00::2/128
            public_key=%s
            endpoint=[2001:db8::1]:4124
            last_handshake_time_sec=0
            errno=0

            """
                    .formatted(PRIVATE_HEX, ONE_HEX, "99".repeat(32), TWO_HEX);

    private static final InterfaceState STATE =
            new InterfaceState(
                    Optional.empty(),
                    51_820,
                    7,
                    List.of(
                            new PeerState(
                                    ONE,
                                    Optional.of(address("203.0.113.7", 4123)),
                                    List.of("10.0.0.2/32", "fd00::2/128"),
                                    1_700_000_000,
                                    20,
                                    10,
                                    25),
                            new PeerState(
                                    TWO,
                                    Optional.of(address("2001:db8::1", 4124)),
                                    List.of(),
                                    0,
                                    0,
                                    0,
                                    0)));

    @TempDir Path directory;

    private static byte[] filled(int value) {
        var bytes = new byte[32];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }

    private WireGuardInterface wg0() {
        return new WireGuardInterface(
                "wg0", directory, directory.resolve("wg").toString(), Duration.ofSeconds(20));
    }

    private FakeUapi answering(String reply) throws IOException {
        return new FakeUapi(directory.resolve("wg0.sock"), request -> reply);
    }

    private void program(String body) throws IOException {
        Path script = directory.resolve("wg");
        Files.writeString(script, "#!/bin/sh\n" + body);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    }

    private String complaint() {
        return String.valueOf(assertThrows(IOException.class, wg0()::read).getMessage());
    }

    private static void assertState(InterfaceState read) {
        assertEquals(
                Optional.of(Identity.of(PRIVATE).publicKey()),
                read.identity().map(Identity::publicKey));
        assertEquals(
                STATE,
                new InterfaceState(Optional.empty(), read.listenPort(), read.mark(), read.peers()));
    }

    @Test
    void anInterfaceInUserSpaceIsReadByItsSocket() throws IOException {
        try (FakeUapi uapi = answering(REPLY)) {
            WireGuardInterface wg0 = wg0();
            assertFalse(wg0.isInUserSpace());
            assertState(wg0.read());
            assertTrue(wg0.isInUserSpace());
            assertEquals(List.of("get=1\n\n"), uapi.requests());
        }
    }

    @Test
    void theKernelsInterfaceIsReadByTheProgram() throws IOException {
        String dump =
                """
                %s\tx\t51820\t0x7
                %s\tx\t203.0.113.7:4123\t10.0.0.2/32,fd00::2/128\t1700000000\t20\t10\t25
                %s\t(none)\t[2001:db8::1]:4124\t(none)\t0\t0\t0\toff
                """
                        .formatted(PRIVATE_TEXT, ONE_TEXT, TWO_TEXT);
        Files.writeString(directory.resolve("dump"), dump);
        program("[ \"$*\" = 'show wg0 dump' ] && cat %s/dump".formatted(directory));
        assertState(wg0().read());
    }

    @Test
    void anInterfaceWithoutAnythingHasNeitherKeyNorPeers() throws IOException {
        program("printf '(none)\\t(none)\\t0\\toff\\n'");
        InterfaceState read = wg0().read();
        assertEquals(new InterfaceState(Optional.empty(), 0, 0, List.of()), read);
        assertFalse(read.isConfigured());
    }

    @Test
    void endpointAndKeepaliveAreSetBySocketForPeersThatAreThere() throws IOException {
        try (FakeUapi uapi = answering("errno=0\n\n")) {
            wg0().set(
                            List.of(
                                    new PeerChange(ONE, Optional.empty(), OptionalInt.of(0)),
                                    new PeerChange(
                                            TWO,
                                            Optional.of(address("2001:db8::9", 7)),
                                            OptionalInt.of(25))));
            assertEquals(
                    List.of(
                            """
                            set=1
                            public_key=%s
                            update_only=true
                            persistent_keepalive_interval=0
                            public_key=%s
                            update_only=true
                            endpoint=[2001:db8::9]:7
                            persistent_keepalive_interval=25

                            """
                                    .formatted(ONE_HEX, TWO_HEX)),
                    uapi.requests());
        }
    }

    @Test
    void theProgramIsToldOnlyOfPeersThatAreThere() throws IOException {
        program(
                """
                if [ "$1" = show ]; then
                  printf '(none)\\t(none)\\t0\\toff\\n'
                  printf '%%s\\t(none)\\t(none)\\t(none)\\t0\\t0\\t0\\toff\\n' %s
                else
                  echo "$*" >> %s/calls
                fi
                """
                        .formatted(ONE_TEXT, directory));
        var endpoint = Optional.of(address("203.0.113.9", 7));
        wg0().set(
                        List.of(
                                new PeerChange(TWO, endpoint, OptionalInt.empty()),
                                new PeerChange(ONE, endpoint, OptionalInt.of(25))));
        assertEquals(
                "set wg0 peer %s endpoint 203.0.113.9:7 persistent-keepalive 25\n"
                        .formatted(ONE_TEXT),
                Files.readString(directory.resolve("calls")));
    }

    @Test
    void theSocketOfAKilledWireGuardGivesWayToTheKernel() throws IOException {
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(directory.resolve("wg0.sock")));
        }
        program("printf '(none)\\t(none)\\t5\\toff\\n'");
        WireGuardInterface wg0 = wg0();
        assertEquals(5, wg0.read().listenPort());
        assertFalse(wg0.isInUserSpace());
    }

    @Test
    void aMissingInterfaceIsSaidWithTheWaysToMakeIt() throws IOException {
        program("echo 'Unable to access interface: No such device' >&2; exit 1");
        assertEquals(
                "there is no WireGuard interface wg0: 'wg-quick up wg0', 'ip link add wg0 type"
                        + " wireguard' or 'wireguard-go wg0' makes it",
                complaint());
    }

    @Test
    void aMissingProgramIsSaid() {
        assertEquals(
                ("there is no %s/wg0.sock, and the kernel is asked by the program 'wg', which is"
                                + " not installed (wireguard-tools)")
                        .formatted(directory),
                complaint());
    }

    @Test
    void missingPermissionIsSaid() throws IOException {
        program("echo 'Unable to access interface: Operation not permitted' >&2; exit 1");
        assertEquals("no permission to read and set wg0: that takes root", complaint());
    }

    @Test
    void whatTheProgramSaysOtherwiseIsEscaped() throws IOException {
        program("printf 'odd\\033[1m\\nmore\\n' >&2; exit 1");
        assertEquals("wg: odd\\x1b[1m", complaint());
    }

    @Test
    void aFailedOperationIsAnError() throws IOException {
        try (FakeUapi uapi = answering("errno=-22\n\n")) {
            assertEquals("%s/wg0.sock: error 22".formatted(directory), complaint());
            assertEquals(1, uapi.requests().size());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\n",
                "errno=0\nlisten_port=1\n\n",
                "errno=none\n\n",
                "=\n\n",
                "private_key=5\nerrno=0\n\n",
                "listen_port=65536\nerrno=0\n\n",
                "fwmark=-2\nerrno=0\n\n",
                "listen_port=-1\nerrno=0\n\n",
                "public_key=zz\nerrno=0\n\n",
                "public_key=ONE\npublic_key=ONE\nerrno=0\n\n",
                "public_key=ONE\nendpoint=here\nerrno=0\n\n",
                "public_key=ONE\nendpoint=name:5\nerrno=0\n\n",
                "public_key=ONE\nrx_bytes=99999999999999999999\nerrno=0\n\n",
                "public_key=ONE\nallowed_ip=$(reboot)\nerrno=0\n\n",
            })
    void malformedAnswersAreErrorsOfOneLine(String reply) throws IOException {
        try (FakeUapi uapi = answering(reply.replace("ONE", ONE_HEX))) {
            String said = complaint();
            assertEquals(1, uapi.requests().size());
            assertTrue(
                    said.matches(directory + "/wg0\\.sock: it answers with an? [a-zA-Z ]+"), said);
        }
    }

    @Test
    void linesAndAnswersWithoutEndAreErrors() throws IOException {
        try (FakeUapi uapi = answering("listen_port=" + "0".repeat(600))) {
            assertEquals(
                    "%s/wg0.sock: it answers with a line without an end".formatted(directory),
                    complaint());
            assertEquals(1, uapi.requests().size());
        }
        Files.delete(directory.resolve("wg0.sock"));
        try (FakeUapi uapi = answering("fwmark=1\n".repeat(1_000_000))) {
            assertEquals("%s/wg0.sock: its answer does not end".formatted(directory), complaint());
            assertEquals(1, uapi.requests().size());
        }
    }

    @Test
    void aSilentSocketIsGivenUp() throws IOException {
        try (FakeUapi uapi = answering("")) {
            var impatient = new WireGuardInterface("wg0", directory, "wg", Duration.ofMillis(100));
            IOException failed = assertThrows(IOException.class, impatient::read);
            assertEquals(
                    "%s/wg0.sock: it does not answer".formatted(directory), failed.getMessage());
            assertEquals(0, uapi.requests().stream().filter(String::isEmpty).count());
        }
    }

    @Test
    void aProgramThatHangsIsEnded() throws IOException {
        program("exec sleep 60");
        var impatient =
                new WireGuardInterface(
                        "wg0",
                        directory,
                        directory.resolve("wg").toString(),
                        Duration.ofMillis(100));
        IOException failed = assertThrows(IOException.class, impatient::read);
        assertEquals("wg: it does not end", failed.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "-wg0", "a/b", "wg 0", "sixteencharacter", "wg\n"})
    void namesThatNoInterfaceHasAreRefused(String name) {
        assertThrows(IllegalArgumentException.class, () -> WireGuardInterface.named(name));
    }

    @Test
    void whatAnInterfaceLacksIsSaid() throws IOException {
        Optional<Identity> identity = Optional.of(Identity.of(PRIVATE));
        assertEquals(
                "wg0 has no private key: 'wg set wg0 private-key FILE' gives it one",
                lacking(new InterfaceState(Optional.empty(), 1, 0, STATE.peers())));
        assertEquals(
                "wg0 has no port: 'ip link set wg0 up', or 'wg set wg0 listen-port PORT'",
                lacking(new InterfaceState(identity, 0, 0, STATE.peers())));
        assertEquals(
                "wg0 has no peers: 'wg set wg0 peer KEY allowed-ips ADDRESS/BITS' gives it one",
                lacking(new InterfaceState(identity, 1, 0, List.of())));
        assertFalse(new InterfaceState(Optional.empty(), 1, 0, List.of()).isConfigured());
        assertFalse(new InterfaceState(identity, 0, 0, List.of()).isConfigured());
        assertTrue(new InterfaceState(identity, 1, 0, List.of()).isConfigured());
        var whole = new InterfaceState(identity, 1, 0, STATE.peers());
        assertEquals(whole, whole.requireUsable("wg0"));
    }

    private static String lacking(InterfaceState state) {
        return String.valueOf(
                assertThrows(IOException.class, () -> state.requireUsable("wg0")).getMessage());
    }

    @Test
    void thePrivateKeyIsNotPrinted() throws IOException {
        try (FakeUapi uapi = answering(REPLY)) {
            String text = wg0().read().toString();
            assertFalse(text.contains(PRIVATE_HEX) || text.contains(PRIVATE_TEXT), text);
            assertEquals(1, uapi.requests().size());
        }
        Files.delete(directory.resolve("wg0.sock"));
        program("printf '%s\\tx\\t51820\\toff\\tmore\\n'".formatted(PRIVATE_TEXT.substring(1)));
        assertFalse(complaint().contains(PRIVATE_TEXT.substring(5, 10)));
    }

    @Test
    void keysAreReadAsWireGuardWritesThem() {
        assertEquals(ONE, WireGuardKey.parse(ONE_TEXT));
        assertEquals(ONE_TEXT, WireGuardKey.format(ONE));
        for (String wrong :
                List.of("", ONE_TEXT.substring(1), ONE_TEXT.replace('=', 'A'), "MTF" + ONE_TEXT)) {
            assertThrows(IllegalArgumentException.class, () -> WireGuardKey.parse(wrong));
        }
        // Other bits behind the last byte.
        assertThrows(
                IllegalArgumentException.class,
                () -> WireGuardKey.parse(ONE_TEXT.replace("E=", "F=")));
    }
}
