package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.beust.jcommander.Parameter;

import natt.core.HostAndPort;
import natt.core.unix.Privileges.Capability;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

class OptionsTests {
    @TempDir Path directory;

    private static NattsOptions natts(Map<String, String> environment, String... args) {
        var options = new NattsOptions();
        assertTrue(CommandLine.parse("natts", options, args, environment));
        return options;
    }

    private String file(String... lines) throws IOException {
        return Files.write(directory.resolve("file"), List.of(lines)).toString();
    }

    @Test
    void aConfigurationFileDoesNotRepeatWhatTheCommandLineGives() throws Exception {
        String config = file("listen = :1", "stun = file:1");
        NattsOptions options = natts(Map.of(), "--stun", "a:1", "--config=" + config, "--stun=b:2");
        assertEquals(List.of("a:1", "b:2"), options.stun);
        assertEquals(":1", options.listen);
    }

    @Test
    void theEnvironmentWinsOverTheConfigurationFile() throws Exception {
        String config = file("target-fqdn = file.example.com", "cf-token-file = missing");
        var environment = Map.of("TARGET_FQDN", "variable.example.com", "CF_API_TOKEN", "t");
        NattsOptions options = natts(environment, "--config", config);
        assertEquals(null, options.targetFqdn);
        assertEquals(null, options.cfTokenFile);
        assertEquals("file.example.com", natts(Map.of(), "--config", config).targetFqdn);
    }

    @Test
    void aTokenFileOnTheCommandLineWinsOverATokenInTheConfigurationFile() throws Exception {
        String config = file("cf-token = old");
        NattsOptions options = natts(Map.of(), "--config", config, "--cf-token-file", "new");
        assertEquals(null, options.cfToken);
    }

    @Test
    void aSettingMayHaveCommas() {
        var options = natts(Map.of(), "--dns-option", "path=/a,b", "--dns-option=x=1");
        assertEquals(List.of("path=/a,b", "x=1"), options.dnsOption);
    }

    @ParameterizedTest
    @ValueSource(strings = {":3478", "a:0", "none", "a b"})
    void aStunServerIsAHostAndAPort(String text) {
        assertThrows(
                RuntimeException.class, () -> Natts.stun(List.of("ok.example.com", text)), text);
    }

    @Test
    void aStunServerNamedTwiceHasOneVote() {
        assertEquals(
                List.of(new HostAndPort("a", 3478), new HostAndPort("b", 1)),
                Natts.stun(List.of("a", "b:1", "a:3478")));
    }

    @Test
    void aTokenLosesTheWhiteSpaceAroundItWhereverItComesFrom() throws Exception {
        Path file = Files.writeString(directory.resolve("token"), "\tsecret\r\n");
        var options = new NattsOptions();
        assertEquals("secret", token(options, Map.of("CF_API_TOKEN", "secret\r\n")));
        options.cfTokenFile = file.toString();
        assertEquals("secret", token(options, Map.of()));
        options.cfToken = " secret";
        assertEquals("secret", token(options, Map.of()));
        options.cfToken = "";
        assertEquals("secret", token(options, Map.of()));
    }

    private static String token(NattsOptions options, Map<String, String> environment) {
        return Natts.token(options, environment).orElseThrow().reveal();
    }

    @Test
    void aTokenOfTwoLinesIsRefusedWithoutShowingIt() {
        var options = new NattsOptions();
        var environment = Map.of("CF_API_TOKEN", "secret\r\nsecret");
        var wrong = assertThrows(UsageException.class, () -> Natts.token(options, environment));
        assertFalse(String.valueOf(wrong.getMessage()).contains("secret\r"));
    }

    @Test
    void aDirectoryIsNoTokenFile() {
        var options = new NattsOptions();
        options.cfTokenFile = directory.toString();
        assertThrows(UsageException.class, () -> Natts.token(options, Map.of()));
    }

    @Test
    void aNameOfAnyLengthIsRefusedInOrder() {
        assertEquals("pc.example.com", Natts.name("PC.example.com."));
        for (String name : List.of("a", "a..b", ".a.b", "a.b..", "-a.b", "a.b".repeat(100_000))) {
            assertThrows(UsageException.class, () -> Natts.name(name));
        }
    }

    private static List<String> forwards(String... args) throws IOException {
        var options = new NattcOptions();
        assertTrue(CommandLine.parse("nattc", options, args, Map.of()));
        return Nattc.forwards(options).stream()
                .map(each -> each.service() + " " + HostAndPort.format(each.addresses().getFirst()))
                .toList();
    }

    @Test
    void aForwardIsAPortOrAnAddressAndAService() throws Exception {
        assertEquals(List.of("ssh 127.0.0.1:10022"), forwards());
        assertEquals(
                List.of("web 127.0.0.1:8080", "db 192.0.2.1:5432", "db [::1]:1"),
                forwards("-L", "8080:web", "--forward=192.0.2.1:5432:db", "-L", "[::1]:1:db"));
        assertEquals(
                List.of("ssh 127.0.0.1:1", "web 127.0.0.1:2"),
                forwards("--listen", ":1", "-L", "2:web"));
        assertEquals(List.of(), forwards("--proxy"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"web", "8080", "8080:", ":web", "a:1:web", "99999:web", "1:we b"})
    void aMalformedForwardIsRefused(String text) {
        assertThrows(UsageException.class, () -> forwards("-L", text));
    }

    @Test
    void aServiceHasOneTarget() {
        var ssh = new HostAndPort("127.0.0.1", 22);
        var web = new HostAndPort("192.0.2.1", 80);
        assertEquals(
                Map.of("ssh", ssh, "web", web), Natts.services(ssh, List.of("web=192.0.2.1:80")));
        for (String wrong : List.of("web", "ssh=a:1", "=a:1", "a b=c:1", "web=a", "web=a:0")) {
            assertThrows(RuntimeException.class, () -> Natts.services(ssh, List.of(wrong)), wrong);
        }
    }

    @Test
    void aServersDeviceHasANameAndAnAddress() {
        NattsOptions both = natts(Map.of(), "--tun", "natt0", "--tun-local", "10.10.0.1/24");
        assertEquals("[10.10.0.1/24]", ServerTunnel.locals(both).toString());
        assertEquals(List.of(), ServerTunnel.locals(natts(Map.of())));
        NattsOptions nameless = natts(Map.of(), "--tun-local", "10.10.0.1/24");
        assertThrows(UsageException.class, () -> ServerTunnel.locals(nameless));
        NattsOptions homeless = natts(Map.of(), "--tun", "natt0");
        assertThrows(UsageException.class, () -> ServerTunnel.locals(homeless));
    }

    @Test
    void aServerKeepsTheRightToBindIfAnyOfItsPortsNeedsIt() {
        var high = new InetSocketAddress(1024);
        var any = new InetSocketAddress(0);
        var low = new InetSocketAddress(1023);
        assertEquals(Set.of(), ServerTunnel.kept(false, List.of(high, any)));
        assertEquals(
                Set.of(Capability.NET_BIND_SERVICE), ServerTunnel.kept(false, List.of(low, high)));
        assertEquals(
                Set.of(Capability.NET_BIND_SERVICE, Capability.NET_ADMIN),
                ServerTunnel.kept(true, List.of(high, low)));
    }

    /// The fields of the options, by name.
    private static Map<String, String> fields(NattcOptions options) throws Exception {
        var values = new TreeMap<String, String>();
        for (Class<?> type = NattcOptions.class;
                type != Object.class;
                type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (field.isAnnotationPresent(Parameter.class)) {
                    values.put(field.getName(), String.valueOf(field.get(options)));
                }
            }
        }
        return values;
    }

    private static List<String> names() {
        var names = new ArrayList<String>();
        for (Class<?> type = NattcOptions.class;
                type != Object.class;
                type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                Parameter parameter = field.getAnnotation(Parameter.class);
                if (parameter != null) {
                    names.addAll(List.of(parameter.names()));
                }
            }
        }
        return names;
    }

    /// Every option, alone and with others, in both forms, with values of all kinds.
    private static List<List<String>> commandLines() {
        var lines = new ArrayList<List<String>>();
        for (String name : names()) {
            lines.add(List.of(name));
            lines.add(List.of(name, "x"));
            lines.add(List.of("--proxy", name, "x", "--target", "y"));
            lines.add(List.of(name, "1", name, "2", "--strict"));
            for (String value : List.of("", "a,b", " a ", "\"a\"", "-a", "--proxy", "a=b", "@a")) {
                lines.add(List.of(name, value));
                lines.add(List.of(name + "=" + value, "--verbose"));
            }
        }
        lines.add(List.of("--v"));
        lines.add(List.of("x", "--proxy"));
        lines.add(List.of("--proxy", "x"));
        lines.add(List.of("---proxy"));
        lines.add(List.of("-=x"));
        return lines;
    }

    @Test
    void whatIsReadWithoutTheParserIsWhatTheParserReads() throws Exception {
        int plain = 0;
        for (List<String> line : commandLines()) {
            var read = new NattcOptions();
            if (read.readPlain(line)) {
                plain++;
                var parsed = new NattcOptions();
                CommandLine.parseAll("nattc", parsed, line, Map.of());
                assertEquals(fields(parsed), fields(read), line::toString);
            } else {
                assertEquals(fields(new NattcOptions()), fields(read), line::toString);
            }
        }
        assertTrue(plain > 100, () -> "the parser is rarely done without");
    }

    @Test
    void aProxyCommandIsReadWithoutTheParser() {
        var options = new NattcOptions();
        assertTrue(
                options.readPlain(
                        List.of("--proxy", "--target=natt://k@pc.example.com?secret=x", "-quiet")));
        assertEquals("natt://k@pc.example.com?secret=x", options.target);
    }
}
