package natt.launcher;

import natt.core.DnsRecord;
import natt.core.node.Installed;
import natt.core.spi.NameLookup;
import natt.core.spi.Settings;

import java.util.Map;

/// Run once for each program when the image is built: touches what the program needs to start and
/// to carry a connection, so that the ahead-of-time cache holds it.
public final class Training {
    private Training() {}

    public static void main(String[] args) {
        CommandLine.exit("training", () -> run(args[0]));
    }

    private static int run(String program) throws Exception {
        switch (program) {
            case "natts" -> CommandLine.parse("natts", new NattsOptions(), new String[0], Map.of());
            case "nattc" -> {
                CommandLine.parse("nattc", new NattcOptions(), new String[0], Map.of());
                // Nothing listens there, which is answered at once.
                var settings =
                        new Settings(
                                Map.of("server", "127.0.0.1:9", "timeout-ms", "200"), Map.of());
                Installed.load(CommandLine.plugins())
                        .nameLookup("dns")
                        .open(settings)
                        .lookup("pc.demo.natt", DnsRecord.Type.TXT, NameLookup.Source.RESOLVER);
            }
            default -> {}
        }
        return Demo.run(new String[] {"--megabytes", "2"});
    }
}
