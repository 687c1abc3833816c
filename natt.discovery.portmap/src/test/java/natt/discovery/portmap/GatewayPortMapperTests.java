package natt.discovery.portmap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.PortMapper.Answer;
import natt.core.spi.PortMapper.Mapper;
import natt.core.spi.PortMapper.News;
import natt.core.spi.PortMapper.Nonce;
import natt.core.spi.PortMapper.Request;
import natt.discovery.portmap.FakeGateway.Call;
import natt.discovery.portmap.FakeGateway.Page;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// Against a gateway on the loopback.
@Timeout(30)
class GatewayPortMapperTests {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Nonce NONCE = new Nonce(0x01020304, 0x05060708090a0b0cL);
    private static final InetAddress OUTSIDE = InetAddress.ofLiteral("203.0.113.5");
    private static final String ADDRESS =
            "<NewExternalIPAddress>203.0.113.5</NewExternalIPAddress>";

    private final BlockingQueue<News> news = new LinkedBlockingQueue<>();
    private FakeGateway gateway;

    @BeforeEach
    void start() throws IOException {
        gateway = new FakeGateway();
    }

    @AfterEach
    void end() throws IOException {
        gateway.close();
    }

    @Test
    void pcpMapsAndTakesTheMappingBackWithTheSameNonce() throws Exception {
        gateway.pcp = datagram -> List.of(pcpAnswer(datagram));
        try (Mapper _ = open()) {
            assertEquals(new News.Mapped(outside(30_000), "PCP", HOUR), next());
        }
        byte[] last = gateway.datagrams.getLast();
        assertEquals(60, last.length);
        assertEquals(0, ByteBuffer.wrap(last).getInt(4));
        byte[] first =
                gateway.datagrams.stream().filter(each -> each.length == 60).findFirst().get();
        assertArrayEquals(Arrays.copyOfRange(first, 24, 42), Arrays.copyOfRange(last, 24, 42));
    }

    @Test
    void anAnswerWithAnotherNonceIsNotHeard() throws Exception {
        gateway.pcp =
                datagram -> {
                    byte[] forged = pcpAnswer(datagram);
                    if (forged.length == 60) {
                        forged[30] ^= 1;
                        forged[59] ^= 1;
                    }
                    return List.of(forged, pcpAnswer(datagram));
                };
        try (Mapper _ = open()) {
            assertEquals(new News.Mapped(outside(30_000), "PCP", HOUR), next());
        }
    }

    @Test
    void natPmpMapsWhereAGatewayIsTooOldForPcp() throws Exception {
        gateway.pcp = datagram -> List.of(natPmpAnswer(datagram));
        try (Mapper _ = open()) {
            assertEquals(new News.Mapped(outside(40_000), "NAT-PMP", HOUR), next());
        }
        assertArrayEquals(
                new byte[] {0, 1, 0, 0, 0x75, 0x30, 0, 0, 0, 0, 0, 0}, gateway.datagrams.getLast());
    }

    @Test
    void upnpMapsAndDeletes() throws Exception {
        upnp(call -> FakeGateway.done(call.action(), ADDRESS));
        gateway.control =
                call ->
                        call.action().equals("GetSpecificPortMappingEntry")
                                ? FakeGateway.fault(714)
                                : FakeGateway.done(call.action(), ADDRESS);
        try (Mapper _ = open()) {
            assertEquals(new News.Mapped(outside(30_000), "UPnP", HOUR), next());
        }
        assertEquals(
                List.of(
                        "GetExternalIPAddress",
                        "GetExternalIPAddress",
                        "GetSpecificPortMappingEntry",
                        "AddPortMapping",
                        "DeletePortMapping"),
                gateway.actions());
        String added = gateway.calls.get(3).body();
        assertTrue(added.contains("<NewInternalClient>127.0.0.1</NewInternalClient>"), added);
        assertTrue(added.contains("<NewLeaseDuration>3600</NewLeaseDuration>"), added);
    }

    @Test
    void theSecondVersionChoosesThePortItself() throws Exception {
        gateway.service = "urn:schemas-upnp-org:service:WANIPConnection:2";
        upnp(
                call ->
                        FakeGateway.done(
                                call.action(),
                                call.action().equals("AddAnyPortMapping")
                                        ? "<NewReservedPort>40001</NewReservedPort>"
                                        : ADDRESS));
        try (Mapper _ = open()) {
            assertEquals(new News.Mapped(outside(40_001), "UPnP", HOUR), next());
        }
        assertTrue(
                gateway.calls
                        .getLast()
                        .body()
                        .contains("<NewExternalPort>40001</NewExternalPort>"));
    }

    @Test
    void aGatewayThatOnlyKnowsPermanentLeasesGetsOne() throws Exception {
        upnp(
                call ->
                        switch (call.action()) {
                            case "GetSpecificPortMappingEntry" -> FakeGateway.fault(714);
                            case "AddPortMapping" ->
                                    call.body().contains("<NewLeaseDuration>0<")
                                            ? FakeGateway.done(call.action(), "")
                                            : FakeGateway.fault(725);
                            default -> FakeGateway.done(call.action(), ADDRESS);
                        });
        try (Mapper _ = open()) {
            assertEquals(new News.Mapped(outside(30_000), "UPnP", Duration.ZERO), next());
        }
        assertEquals("DeletePortMapping", gateway.actions().getLast());
    }

    @Test
    void aPortOfAnotherMachineIsNotTakenAway() throws Exception {
        upnp(
                call ->
                        switch (call.action()) {
                            case "GetSpecificPortMappingEntry" ->
                                    call.body().contains(">30000<")
                                            ? FakeGateway.done(
                                                    call.action(),
                                                    "<NewInternalClient>192.168.2.9"
                                                            + "</NewInternalClient>"
                                                            + "<NewInternalPort>30000"
                                                            + "</NewInternalPort>")
                                            : FakeGateway.fault(714);
                            default -> FakeGateway.done(call.action(), ADDRESS);
                        });
        try (Mapper _ = open()) {
            assertTrue(
                    next() instanceof News.Mapped(var external, _, _)
                            && external.getAddress().equals(OUTSIDE)
                            && external.getPort() >= 49_152);
        }
    }

    @Test
    void aRefusalIsToldWithTheGatewaysNumber() throws Exception {
        upnp(
                call ->
                        call.action().equals("GetExternalIPAddress")
                                ? FakeGateway.done(call.action(), ADDRESS)
                                : FakeGateway.fault(606));
        try (Mapper _ = open()) {
            assertTrue(
                    next() instanceof News.Unavailable(var answers)
                            && answers.getLast().said().equals("refused: 606 "));
        }
    }

    @Test
    void aDescriptionElsewhereIsNotFetched() throws Exception {
        gateway.location =
                java.util.Optional.of(gateway.description().replace("127.0.0.1", "127.0.0.2"));
        List<Answer> answers = gateway.mapper().probe(Duration.ofSeconds(5));
        assertEquals(
                List.of(
                        new Answer("PCP", false, "no answer"),
                        new Answer("NAT-PMP", false, "no answer"),
                        new Answer("UPnP", false, "no answer")),
                answers);
        assertEquals(List.of(), gateway.calls);
    }

    @Test
    void aProbeMapsNothingAndTellsTheAddress() throws Exception {
        gateway.pcp = datagram -> List.of(natPmpAnswer(datagram));
        List<Answer> answers = gateway.mapper().probe(Duration.ofSeconds(5));
        assertEquals(new Answer("PCP", false, "the gateway speaks version 0"), answers.getFirst());
        assertEquals(java.util.Optional.of(OUTSIDE), answers.get(1).external());
        assertTrue(gateway.datagrams.stream().allMatch(each -> each.length == 2 || each[0] == 2));
    }

    @Test
    void aProbeEndsWhenPatienceDoes() throws Exception {
        long start = System.nanoTime();
        List<Answer> answers = gateway.mapper().probe(Duration.ofMillis(50));
        assertEquals(3, answers.size());
        assertTrue(System.nanoTime() - start < Duration.ofSeconds(1).toNanos());
    }

    @Test
    void aSilentGatewayDoesNotHoldUpTheEnd() throws Exception {
        gateway.pcp = datagram -> List.of(pcpAnswer(datagram));
        Mapper mapper = open();
        assertTrue(next() instanceof News.Mapped);
        gateway.pcp = _ -> List.of();
        long start = System.nanoTime();
        mapper.close();
        assertTrue(System.nanoTime() - start < Duration.ofMillis(1_500).toNanos());
        assertFalse(gateway.datagrams.stream().filter(each -> each.length == 60).count() < 2);
    }

    private void upnp(java.util.function.Function<Call, Page> control) {
        // Each of the others is answered with the version of the other one.
        gateway.pcp =
                datagram ->
                        List.of(datagram[0] == 2 ? natPmpAnswer(datagram) : pcpAnswer(datagram));
        gateway.location = java.util.Optional.of(gateway.description());
        gateway.control = control;
    }

    private Mapper open() {
        return gateway.mapper()
                .open(new Request(FakeGateway.LOOPBACK, 30_000, HOUR, NONCE), news::add);
    }

    private News next() throws InterruptedException {
        News each = news.poll(10, TimeUnit.SECONDS);
        if (each == null) {
            throw new AssertionError("no news");
        }
        return each;
    }

    private static InetSocketAddress outside(int port) {
        return new InetSocketAddress(OUTSIDE, port);
    }

    /// Grants what is asked for, at 203.0.113.5.
    private static byte[] pcpAnswer(byte[] datagram) {
        byte[] answer = datagram.clone();
        if (datagram[0] != 2) {
            return new byte[] {2, (byte) 0x80, 0, 1};
        }
        answer[1] |= (byte) 0x80;
        ByteBuffer.wrap(answer).putInt(8, 1_000).putLong(12, 0).putInt(20, 0);
        if (answer.length == 60) {
            ByteBuffer.wrap(answer).putShort(54, (short) 0xffff).put(56, OUTSIDE.getAddress());
        }
        return answer;
    }

    private static byte[] natPmpAnswer(byte[] datagram) {
        if (datagram[0] != 0) {
            return new byte[] {0, (byte) 0x80, 0, 1, 0, 0, 0, 9};
        }
        if (datagram[1] == 0) {
            return ByteBuffer.allocate(12)
                    .put(1, (byte) 0x80)
                    .putInt(4, 1_000)
                    .put(8, OUTSIDE.getAddress())
                    .array();
        }
        return ByteBuffer.allocate(16)
                .put(1, (byte) 0x81)
                .putInt(4, 1_000)
                .put(8, datagram, 4, 2)
                .putShort(10, (short) 40_000)
                .put(12, datagram, 8, 4)
                .array();
    }
}
