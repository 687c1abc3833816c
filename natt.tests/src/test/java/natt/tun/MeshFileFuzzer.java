package natt.tun;

import natt.core.TextFuzzer;
import natt.tests.fuzz.Input;

/// Any text is a device with peers, whose device can be made, or refused in one line that a
/// terminal may show.
public final class MeshFileFuzzer {
    private MeshFileFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        TunnelConfig config;
        try {
            config = MeshFile.parse("mesh", new Input(bytes).text());
        } catch (IllegalArgumentException refused) {
            TextFuzzer.requirePrintable(String.valueOf(refused.getMessage()));
            return;
        }
        config.toDevice();
    }
}
