package natt.core.publish;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;

class SpecialPurposeTests {

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, true",
        "0.255.255.255, true",
        "1.0.0.0, false",
        "9.255.255.255, false",
        "10.0.0.0, true",
        "10.255.255.255, true",
        "11.0.0.0, false",
        "100.63.255.255, false",
        "100.64.0.0, true",
        "100.127.255.255, true",
        "100.128.0.0, false",
        "127.0.0.1, true",
        "169.254.1.1, true",
        "172.15.255.255, false",
        "172.16.0.0, true",
        "172.31.255.255, true",
        "172.32.0.0, false",
        "192.0.2.7, false",
        "192.168.0.1, true",
        "198.18.0.1, true",
        "198.51.100.10, false",
        "203.0.113.12, false",
        "224.0.0.1, true",
        "255.255.255.255, true",
        "::, true",
        "::1, true",
        "2001:db8::1, false",
        "2a00::1, false",
        "fc00::1, true",
        "fdff::1, true",
        "fe80::1, true",
        "ff02::1, true",
    })
    void publicAddressesAndLaboratoriesArePublishable(String address, boolean special) {
        assertEquals(special, SpecialPurpose.includes(InetAddress.ofLiteral(address)));
    }
}
