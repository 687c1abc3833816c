package natt.core.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.HostAndPort;
import natt.core.NatBehavior;
import natt.core.NodeKey;
import natt.core.PortAllocation;
import natt.core.doctor.BrokerFacts.Trust;
import natt.core.doctor.ServiceFacts.Answer;
import natt.core.doctor.ServiceFacts.Service;
import natt.core.publish.NattRecord;
import natt.core.spi.PortMapper;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

class DiagnosisTests {
    private static final Instant NOW = Instant.parse("2026-11-21T14:00:30Z");
    private static final InetAddress OUTSIDE = InetAddress.ofLiteral("203.0.113.7");
    private static final InetAddress INSIDE = InetAddress.ofLiteral("10.0.0.7");
    private static final NodeKey KEY = key(1);
    private static final NodeKey OTHER = key(2);

    private static NodeKey key(int fill) {
        var bytes = new byte[NodeKey.LENGTH];
        Arrays.fill(bytes, (byte) fill);
        return NodeKey.of(bytes);
    }

    private static NatFacts nat(Side side) {
        var found = side.behavior();
        var behavior =
                new NatBehavior(
                        found.mapping(),
                        found.filtering(),
                        found.ports(),
                        Optional.of(false),
                        Optional.empty(),
                        Optional.empty());
        return new NatFacts(
                2, 2, Optional.of(OUTSIDE), !side.nat(), behavior, false, Duration.ZERO);
    }

    private static NatFacts silent(boolean port53) {
        return new NatFacts(
                2, 0, Optional.empty(), false, NatBehavior.UNKNOWN, port53, Duration.ZERO);
    }

    private static BrokerFacts broker(boolean udp, boolean tls) {
        return new BrokerFacts(
                "pub.example.com:30000",
                Optional.of(KEY),
                Trust.KNOWN,
                Optional.of(KEY),
                udp ? Optional.of(Duration.ofMillis(12)) : Optional.empty(),
                tls ? Optional.of(Duration.ofMillis(31)) : Optional.empty(),
                443,
                "");
    }

    private static Diagnosis diagnose(NatFacts nat, BrokerFacts... brokers) {
        return diagnose(nat, GatewayFacts.unasked(), Optional.empty(), Optional.empty(), brokers);
    }

    private static Diagnosis diagnose(
            NatFacts nat,
            GatewayFacts gateway,
            Optional<DnsFacts> dns,
            Optional<PeerReport> peer,
            BrokerFacts... brokers) {
        var sshd = new Service("ssh", new HostAndPort("127.0.0.1", 22), Answer.SSH, "");
        var facts =
                new Facts(
                        nat,
                        new SixFacts(List.of(), 0, 0, NatBehavior.UNKNOWN),
                        gateway,
                        new WidthFacts(1500, 1472, 1472),
                        List.of(brokers),
                        dns,
                        Optional.empty(),
                        new ServiceFacts(List.of(sshd), true),
                        Optional.empty());
        return new Diagnosis(facts, NOW, peer);
    }

    private static List<String> about(Diagnosis diagnosis, String topic) {
        return diagnosis.findings().stream()
                .filter(each -> each.topic().equals(topic))
                .map(each -> each.grade() + " " + each.text())
                .toList();
    }

    @Test
    void aPortRestrictedNatWithoutABrokerIsAProblemAndTheTextSaysWhatToDo() {
        Diagnosis diagnosis = diagnose(nat(VerdictTests.PORT_RESTRICTED));
        assertFalse(diagnosis.isWell());
        assertEquals(
                """
                ok       udp      UDP passes: 2 of 2 STUN servers answer, which see 203.0.113.7
                ok       nat      endpoint-independent mapping, address-and-port-dependent filtering (port-restricted)
                ok       ports    the NAT keeps the inside port (preserving)
                note     hairpin  the NAT does not lead its own address back inside: nodes behind it meet by their local addresses, which natt offers
                note     ipv6     this machine has no global IPv6 address
                note     gateway  was not asked to map ports
                ok       mtu      a server answers datagrams of up to 1472 bytes, packets of 1500; the interface's MTU is 1500
                ok       target   ssh at 127.0.0.1:22 answers as sshd does
                ok       clock    the clock says 2026-11-21T14:00:00Z
                problem  verdict  natts here is not reached: nobody who has not been called gets in
                                  -> Turn on UPnP, NAT-PMP or PCP at the router, or let it lead a UDP port to this machine, or use a broker: --broker HOST.

                natts here (port-restricted), called from a network that is
                  full cone                      direct, at once if natts runs there; unreachable here without a broker
                  address-restricted             direct by punching, up to 2 s; all that with a broker, unreachable without
                  port-restricted                direct by punching, up to 2 s; all that with a broker, unreachable without
                  symmetric with counting ports  direct by port prediction, mostly, up to 10 s; else relay; all that with a broker, unreachable without
                  symmetric with random ports    direct by birthday search, about 97 %, up to 6 s; else relay; all that with a broker, unreachable without
                  UDP blocked                    unreachable without a broker; by its relay with one
                """,
                diagnosis.toText());
    }

    @Test
    void withABrokerTheSameNatIsWell() {
        Diagnosis diagnosis = diagnose(nat(VerdictTests.PORT_RESTRICTED), broker(true, true));
        assertTrue(diagnosis.isWell());
        assertEquals(
                List.of(
                        "OK pub.example.com:30000 answers over UDP in 12 ms and over TLS in 31 ms;"
                                + " its key is "
                                + KEY
                                + ", as in known_hosts"),
                about(diagnosis, "broker"));
        assertEquals("direct by punching, up to 2 s", diagnosis.table().get(2).describe());
    }

    @Test
    void householdWordsFollowThoseOfTheRfc() {
        assertEquals(
                List.of(
                        "OK endpoint-independent mapping, endpoint-independent filtering (full"
                                + " cone)"),
                about(diagnose(nat(VerdictTests.FULL_CONE)), "nat"));
        assertEquals(
                List.of(
                        "NOTE address-and-port-dependent mapping, address-and-port-dependent"
                                + " filtering (symmetric with random ports)"),
                about(diagnose(nat(VerdictTests.RANDOM)), "nat"));
        Diagnosis counting = diagnose(nat(VerdictTests.COUNTING));
        assertEquals(
                List.of("OK the NAT counts its ports, by 1 (sequential)"),
                about(counting, "ports"));
        assertEquals("symmetric with counting ports", counting.name());
    }

    @Test
    void aMachineWithAPublicAddressIsOpenOrBehindAFirewall() {
        var open = new Side(VerdictTests.FULL_CONE.behavior(), false, true, false, Side.Six.NONE);
        Diagnosis diagnosis = diagnose(nat(open));
        assertEquals(
                List.of("OK no NAT, endpoint-independent filtering (open)"),
                about(diagnosis, "nat"));
        assertEquals(
                List.of("OK natts here is reached at its own address"),
                about(diagnosis, "verdict"));
        var filtered =
                new Side(
                        VerdictTests.PORT_RESTRICTED.behavior(), false, true, false, Side.Six.NONE);
        assertEquals("firewall", diagnose(nat(filtered)).name());
    }

    @Test
    void aMappingThatDiesBetweenKeepalivesIsAProblemUnlessNoLongerTimeWasTried() {
        assertEquals(
                List.of(
                        "PROBLEM a mapping without traffic lives at least 12 s, less than the 15 s"
                                + " between keepalives"),
                about(diagnose(lasting(12, 60)), "lifetime"));
        assertEquals(
                List.of("OK a mapping without traffic lives at least 12 s"),
                about(diagnose(lasting(12, 12)), "lifetime"));
        assertEquals(
                List.of("OK a mapping without traffic lives at least 30 s"),
                about(diagnose(lasting(30, 60)), "lifetime"));
    }

    private static NatFacts lasting(int seconds, int longest) {
        NatBehavior found = VerdictTests.FULL_CONE.behavior();
        var behavior =
                new NatBehavior(
                        found.mapping(),
                        found.filtering(),
                        found.ports(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(Duration.ofSeconds(seconds)));
        return new NatFacts(
                1, 1, Optional.of(OUTSIDE), false, behavior, false, Duration.ofSeconds(longest));
    }

    @Test
    void blockedUdpIsAProblemUnlessTheBrokerAnswersOverTls() {
        Diagnosis alone = diagnose(silent(false));
        assertEquals(
                List.of(
                        "PROBLEM none of 2 STUN servers answers: UDP is blocked, or there is no way"
                                + " to them"),
                about(alone, "udp"));
        Diagnosis relayed = diagnose(silent(true), broker(false, true));
        assertEquals(
                List.of(
                        "NOTE UDP passes to port 53 only: no STUN server answers on its own port;"
                                + " the broker is reached over TLS, at its pace"),
                about(relayed, "udp"));
        assertTrue(relayed.isWell());
        assertEquals("relay only", relayed.table().getFirst().describe());
    }

    @Test
    void aGatewayThatMapsMakesReachedUnlessThereIsAnotherNatBehindIt() {
        var answers =
                List.of(
                        answer("PCP", false, "no answer", null),
                        answer("UPnP", true, "an IGD", OUTSIDE));
        Diagnosis mapped =
                diagnose(
                        nat(VerdictTests.RANDOM),
                        new GatewayFacts(true, answers),
                        Optional.empty(),
                        Optional.empty());
        assertEquals(List.of("OK UPnP: an IGD"), about(mapped, "gateway"));
        assertEquals(
                List.of("OK natts here is reached through a port mapped by UPnP"),
                about(mapped, "verdict"));
        Diagnosis twice =
                diagnose(
                        nat(VerdictTests.RANDOM),
                        new GatewayFacts(true, List.of(answer("UPnP", true, "an IGD", INSIDE))),
                        Optional.empty(),
                        Optional.empty());
        assertEquals(
                List.of(
                        "NOTE UPnP: an IGD; its outside address 10.0.0.7 is not the one that others"
                                + " see: there is another NAT behind it (double NAT)"),
                about(twice, "gateway"));
        assertFalse(twice.isWell());
    }

    private static PortMapper.Answer answer(
            String protocol, boolean spoken, String said, @Nullable InetAddress external) {
        return new PortMapper.Answer(protocol, spoken, said, Optional.ofNullable(external));
    }

    private static NattRecord record(NodeKey key, long secondsAgo) {
        return new NattRecord(
                key,
                List.of(new InetSocketAddress(OUTSIDE, 30_000)),
                NOW.getEpochSecond() - secondsAgo,
                Optional.empty());
    }

    private static Diagnosis dns(NattRecord published, NattRecord resolved) {
        var facts =
                new DnsFacts(
                        "home.example.com",
                        Optional.of(KEY),
                        Optional.of(published),
                        Optional.of(resolved),
                        "",
                        Duration.ofSeconds(60));
        return diagnose(
                nat(VerdictTests.FULL_CONE),
                GatewayFacts.unasked(),
                Optional.of(facts),
                Optional.empty());
    }

    @Test
    void aRecordIsComparedAsPublishedAndAsResolved() {
        String fresh =
                "OK home.example.com says 203.0.113.7:30000, published 35 s ago, with this node's"
                        + " key";
        assertEquals(
                List.of(fresh, "OK the ordinary resolver has the same record"),
                about(dns(record(KEY, 35), record(KEY, 35)), "dns"));
        assertEquals(
                List.of(
                        fresh,
                        "NOTE the ordinary resolver still has an older one, published 10 min ago:"
                                + " 203.0.113.7:30000"),
                about(dns(record(KEY, 35), record(KEY, 600)), "dns"));
    }

    @Test
    void aRecordOfAnotherNodeAndOneFromTheFutureAreProblems() {
        Diagnosis foreign = dns(record(OTHER, 1), record(OTHER, 1));
        assertEquals(
                "PROBLEM home.example.com says 203.0.113.7:30000, published 1 s ago, with the key "
                        + OTHER
                        + " of another node; this one's is "
                        + KEY,
                about(foreign, "dns").getFirst());
        Diagnosis ahead = dns(record(KEY, -900), record(KEY, -900));
        assertEquals(
                List.of("PROBLEM the own record is from the future: the clock is behind"),
                about(ahead, "clock"));
    }

    @Test
    void aBrokerWithAnotherKeyThanKnownIsAProblem() {
        var facts =
                new BrokerFacts(
                        "pub.example.com:30000",
                        Optional.of(KEY),
                        Trust.KNOWN,
                        Optional.of(OTHER),
                        Optional.empty(),
                        Optional.empty(),
                        443,
                        "");
        assertEquals(
                List.of(
                        "PROBLEM pub.example.com:30000 says its key is %s, not %s (as in known_hosts)"
                                .formatted(OTHER, KEY)),
                about(diagnose(nat(VerdictTests.FULL_CONE), facts), "broker"));
    }

    @Test
    void theReportOfTheOtherSideGivesTheVerdictForThePair() {
        String theirs =
                diagnose(
                                new NatFacts(
                                        2,
                                        2,
                                        Optional.of(InetAddress.ofLiteral("198.51.100.99")),
                                        false,
                                        VerdictTests.RANDOM.behavior(),
                                        false,
                                        Duration.ZERO))
                        .report("1")
                        .toJson();
        PeerReport peer = PeerReport.parse(theirs);
        assertEquals(VerdictTests.RANDOM, peer.side());
        Diagnosis mine =
                diagnose(
                        nat(VerdictTests.PORT_RESTRICTED),
                        GatewayFacts.unasked(),
                        Optional.empty(),
                        Optional.of(peer),
                        broker(true, true));
        assertTrue(
                mine.toText()
                        .endsWith(
                                "\n"
                                    + "you: port-restricted; peer: symmetric with random ports ->"
                                    + " direct by birthday search, about 97 %, up to 6 s; else"
                                    + " relay\n"));
    }

    @Test
    void twoSidesBehindOneNatMeetInsideIt() {
        Diagnosis other = diagnose(nat(VerdictTests.RANDOM));
        PeerReport peer = PeerReport.parse(other.report("1").toJson());
        Diagnosis mine =
                diagnose(
                        nat(VerdictTests.RANDOM),
                        GatewayFacts.unasked(),
                        Optional.empty(),
                        Optional.of(peer),
                        broker(true, true));
        assertEquals(
                "direct inside the NAT that both are behind", mine.pair().orElseThrow().describe());
    }

    @Test
    void aReportKeepsTheSequenceAndItsStep() {
        Side side =
                Side.of(
                        VerdictTests.COUNTING.behavior().mapping(),
                        VerdictTests.COUNTING.behavior().filtering(),
                        new PortAllocation.Sequential(-2));
        assertEquals(side, PeerReport.parse(diagnose(nat(side)).report("1").toJson()).side());
    }

    @Test
    void whatIsNoReportIsRefusedInOneLine() {
        for (String text :
                List.of(
                        "",
                        "{",
                        "[]",
                        "{}",
                        "{\"format\":2,\"side\":{\"udp\":true}}",
                        "{\"a\":1}x")) {
            var refused =
                    assertThrows(IllegalArgumentException.class, () -> PeerReport.parse(text));
            assertTrue(
                    refused.getMessage().startsWith("is no report of natt doctor --json"),
                    refused.getMessage());
        }
    }

    @Test
    void aReportOfEndlessDepthIsRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> PeerReport.parse("{\"a\":" + "[".repeat(100_000)));
    }

    @Test
    void theKeysOfAReportAreThoseOfItsDescription() {
        String json =
                diagnose(nat(VerdictTests.FULL_CONE), broker(true, true)).report("1.2").toJson();
        assertEquals(
                List.of(
                        "format",
                        "program",
                        "version",
                        "at",
                        "well",
                        "side",
                        "nat",
                        "ipv6",
                        "gateway",
                        "mtu",
                        "services",
                        "brokers",
                        "findings",
                        "verdicts"),
                List.copyOf(Json.object(json).keySet()));
    }
}
