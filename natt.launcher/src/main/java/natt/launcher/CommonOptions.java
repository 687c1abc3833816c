package natt.launcher;

import com.beust.jcommander.Parameter;
import com.beust.jcommander.converters.IParameterSplitter;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The options of natts and nattc.
class CommonOptions extends RunningOptions {
    @Parameter(
            names = {"--compat", "-compat"},
            description =
                    "kcp-go: the wire of the original natts and nattc, neither encrypted nor"
                            + " authenticated; kcp-go:MODE as for --transport")
    @Nullable String compat;

    /// Keeps a value whole that has commas in it, as a path may.
    public static final class Whole implements IParameterSplitter {
        public Whole() {}

        @Override
        public List<String> split(String value) {
            return List.of(value);
        }
    }

    @Parameter(
            names = {"--broker", "-broker"},
            splitter = Whole.class,
            description =
                    "[KEY@]HOST[:PORT] of a broker that carries between nodes which cannot reach"
                            + " each other, several times for several; or $NATT_BROKER")
    List<String> broker = new ArrayList<>();

    @Parameter(
            names = {"--broker-psk-file", "-broker-psk-file"},
            description = "file of the secret that the broker wants, if it wants one")
    @Nullable String brokerPskFile;

    @Parameter(
            names = {"--broker-tls", "-broker-tls"},
            description =
                    "port at which brokers are tried over TLS where UDP does not get through; or"
                            + " 'off'")
    String brokerTls = "443";
}
