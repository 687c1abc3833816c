package natt.discovery.portmap.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.discovery.portmap.proto.RouteTables.Gateway;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.nio.ByteOrder;
import java.util.Optional;

class RouteTablesTests {
    private static final String HEAD =
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    @Test
    void theGatewayIsThatOfTheDefaultRouteWithTheLeastMetric() {
        String table =
                HEAD
                        + "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
                        + "eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
                        + "eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        assertEquals(
                Optional.of(new Gateway(InetAddress.ofLiteral("192.168.2.1"), "eth0")),
                RouteTables.ipv4(table, ByteOrder.LITTLE_ENDIAN));
    }

    @Test
    void theBytesAreInTheOrderOfTheMachine() {
        String table = HEAD + "eth0\t00000000\tC0A80201\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        assertEquals(
                Optional.of(new Gateway(InetAddress.ofLiteral("192.168.2.1"), "eth0")),
                RouteTables.ipv4(table, ByteOrder.BIG_ENDIAN));
    }

    @Test
    void halfOfTheInternetARouteThatIsDownAndOneWithoutGatewayAreNoDefaultRoute() {
        String table =
                HEAD
                        + "tun0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"
                        + "eth0\t00000000\t0102A8C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n"
                        + "ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"
                        + "nonsense\n"
                        + "eth0\tx\ty\tz\t0\t0\t0\t00000000\t0\t0\t0\n";
        assertEquals(Optional.empty(), RouteTables.ipv4(table, ByteOrder.LITTLE_ENDIAN));
        assertEquals(Optional.empty(), RouteTables.ipv4("", ByteOrder.LITTLE_ENDIAN));
    }

    @Test
    void theGatewayOfIpv6IsFoundTheSameWay() {
        String none = "00000000000000000000000000000000";
        String table =
                "20010db8000b00000000000000000000 40 %1$s 00 %1$s 00000100 1 0 00000001 eth0%n"
                        .concat("%1$s 00 %1$s 00 fe800000000000000000000000000001 00000400")
                        .concat(" 00000003 00000000 00000003 eth0%n")
                        .concat("%1$s 00 %1$s 00 %1$s ffffffff 00000001 00000000 00200200 lo%n")
                        .formatted(none);
        assertEquals(
                Optional.of(new Gateway(InetAddress.ofLiteral("fe80::1"), "eth0")),
                RouteTables.ipv6(table));
        assertEquals(Optional.empty(), RouteTables.ipv6("nonsense\n\n"));
    }
}
