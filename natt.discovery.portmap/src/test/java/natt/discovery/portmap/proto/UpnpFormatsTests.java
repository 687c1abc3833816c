package natt.discovery.portmap.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.discovery.portmap.proto.DeviceDescription.Service;
import natt.discovery.portmap.proto.Soap.Argument;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// SSDP, URLs, descriptions and calls.
class UpnpFormatsTests {
    private static final InetAddress GATEWAY = InetAddress.ofLiteral("192.168.2.1");
    private static final HttpUrl DESCRIPTION = new HttpUrl(GATEWAY, 5_000, "/dir/root.xml");
    private static final String IP_2 = "urn:schemas-upnp-org:service:WANIPConnection:2";
    private static final String IP_1 = "urn:schemas-upnp-org:service:WANIPConnection:1";
    private static final String PPP_1 = "urn:schemas-upnp-org:service:WANPPPConnection:1";

    @Test
    void aSearchNamesItsTarget() {
        assertEquals(
                "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n"
                        + "MX: 1\r\nST: x:1\r\n\r\n",
                new String(Ssdp.search("x:1"), StandardCharsets.US_ASCII));
    }

    @Test
    void aLocationOnTheSendersAddressIsTaken() {
        assertEquals(Optional.of(DESCRIPTION), location("http://192.168.2.1:5000/dir/root.xml"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://192.168.2.9:5000/root.xml",
                "http://203.0.113.5/root.xml",
                "https://192.168.2.1/root.xml",
                "http://router.example/root.xml",
                "http://192.168.2.1@203.0.113.5/root.xml",
                "http://192.168.2.1:0/root.xml",
                "http://192.168.2.1:65536/root.xml",
                "http://192.168.2.1:5000/a b",
                "file:///etc/passwd",
                "",
            })
    void aLocationElsewhereIsNone(String location) {
        assertEquals(Optional.empty(), location(location));
    }

    @Test
    void anAnswerForAnotherTargetOrWithAnotherStatusIsNone() {
        String good = answer("http://192.168.2.1/x");
        assertTrue(Ssdp.location(ascii(good), GATEWAY).isPresent());
        assertFalse(
                Ssdp.location(ascii(good.replace("InternetGateway", "Media")), GATEWAY)
                        .isPresent());
        assertFalse(Ssdp.location(ascii(good.replace("200 OK", "404 No")), GATEWAY).isPresent());
        assertFalse(Ssdp.location(ascii(good + "x".repeat(Ssdp.LONGEST)), GATEWAY).isPresent());
        assertFalse(Ssdp.location(new byte[0], GATEWAY).isPresent());
    }

    @ParameterizedTest
    @CsvSource({
        "/ctl, /ctl",
        "ctl?x=1, /dir/ctl?x=1",
        "http://192.168.2.1:5000/ctl, /ctl",
    })
    void aReferenceIsResolved(String reference, String path) {
        assertEquals(
                Optional.of(new HttpUrl(GATEWAY, 5_000, path)), DESCRIPTION.resolve(reference));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://192.168.2.2:5000/ctl",
                "//203.0.113.5/ctl",
                "/ctl HTTP/1.1\r\nX: y",
                "",
            })
    void aReferenceToAnotherHostOrWithALineOfItsOwnIsNone(String reference) {
        assertEquals(Optional.empty(), DESCRIPTION.resolve(reference));
    }

    @Test
    void theServicesAreFoundWhereverTheyAreTheBestFirst() {
        String document =
                """
                <root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device>
                <serviceList>%s%s%s%s</serviceList></device></deviceList></device></root>
                """
                        .formatted(
                                service(PPP_1, "/ppp"),
                                service(IP_1, "http://203.0.113.5/elsewhere"),
                                service(IP_2, "/two"),
                                service(IP_1, "one"));
        List<Service> found = DeviceDescription.services(document, DESCRIPTION);
        assertEquals(
                List.of(
                        new Service(IP_2, new HttpUrl(GATEWAY, 5_000, "/two")),
                        new Service(IP_1, new HttpUrl(GATEWAY, 5_000, "/dir/one")),
                        new Service(PPP_1, new HttpUrl(GATEWAY, 5_000, "/ppp"))),
                found);
        assertTrue(found.getFirst().choosesPort());
        assertFalse(found.getLast().choosesPort());
    }

    @Test
    void aBaseOnAnotherHostLeavesNoService() {
        String document = "<root><URLBase>%s</URLBase>" + service(IP_1, "/ctl") + "</root>";
        assertEquals(
                List.of(new Service(IP_1, new HttpUrl(GATEWAY, 80, "/ctl"))),
                DeviceDescription.services(document.formatted("http://192.168.2.1/"), DESCRIPTION));
        assertEquals(
                List.of(),
                DeviceDescription.services(document.formatted("http://203.0.113.5/"), DESCRIPTION));
    }

    @Test
    void aCallHasItsArgumentsInOrder() {
        String call =
                new String(
                        Soap.call(
                                IP_1,
                                "DeletePortMapping",
                                List.of(
                                        new Argument("NewRemoteHost", ""),
                                        new Argument("NewExternalPort", 30_000))),
                        StandardCharsets.US_ASCII);
        assertTrue(
                call.contains(
                        "<s:Body><u:DeletePortMapping xmlns:u=\""
                                + IP_1
                                + "\"><NewRemoteHost></NewRemoteHost><NewExternalPort>30000"
                                + "</NewExternalPort></u:DeletePortMapping></s:Body>"),
                call);
        assertEquals("\"" + IP_1 + "#X\"", Soap.header(IP_1, "X"));
    }

    @Test
    void anAnswerHasItsResultsAndAFaultItsCode() {
        assertEquals(
                Optional.of(new Soap.Reply.Done(Map.of("NewExternalIPAddress", "203.0.113.5"))),
                Soap.read(
                        envelope(
                                "<u:GetResponse><NewExternalIPAddress>203.0.113.5"
                                        + "</NewExternalIPAddress></u:GetResponse>"),
                        "Get"));
        String fault =
                envelope(
                        "<s:Fault><detail><UPnPError><errorCode>725</errorCode><errorDescription>"
                                + "Only&#10;Permanent&#x202e;</errorDescription></UPnPError>"
                                + "</detail></s:Fault>");
        assertEquals(
                Optional.of(new Soap.Reply.Fault(725, "Only?Permanent?")), Soap.read(fault, "Get"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "<html/>",
                "<s:Envelope/>",
                "<s:Envelope><s:Body/></s:Envelope>",
                "<s:Envelope><s:Body><u:OtherResponse/></s:Body></s:Envelope>",
                "<s:Envelope><s:Body><s:Fault/></s:Body></s:Envelope>",
            })
    void whatAnswersNothingIsNone(String document) {
        assertEquals(Optional.empty(), Soap.read(document, "Get"));
    }

    @Test
    void theWordsOfAGatewayAreCut() {
        assertEquals(80, Soap.words("x".repeat(1_000)).length());
        assertEquals("a?b?", Soap.words("a\u001bb\\"));
    }

    private static String service(String type, String control) {
        return "<service><serviceType>%s</serviceType><controlURL>%s</controlURL></service>"
                .formatted(type, control);
    }

    private static String envelope(String body) {
        return "<?xml version=\"1.0\"?><s:Envelope><s:Body>" + body + "</s:Body></s:Envelope>";
    }

    private static Optional<HttpUrl> location(String url) {
        return Ssdp.location(ascii(answer(url)), GATEWAY);
    }

    private static String answer(String location) {
        return "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
                + "Location: "
                + location
                + "\r\n\r\n";
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
