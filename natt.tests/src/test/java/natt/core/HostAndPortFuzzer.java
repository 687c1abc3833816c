package natt.core;

import natt.tests.fuzz.Input;

/// What a user types is read as it is printed again, or refused in one line.
public final class HostAndPortFuzzer {
    private HostAndPortFuzzer() {}

    public static void fuzzerTestOneInput(byte[] input) {
        String text = new Input(input).text();
        read(() -> HostAndPort.parse(text));
        read(() -> HostAndPort.parse(text, 53));
        refusedInOneLine(() -> NodeKey.parse(text).toString().equals(text));
        refusedInOneLine(() -> PreSharedKey.parse(text).revealText().length() == 43);
    }

    private interface Parser {
        HostAndPort parse();
    }

    private interface Property {
        boolean holds();
    }

    private static void read(Parser parser) {
        refusedInOneLine(
                () -> {
                    HostAndPort read = parser.parse();
                    read.literal();
                    return HostAndPort.parse(read.toString()).equals(read)
                            && HostAndPort.parse(read.toString(), 1).equals(read)
                            && read.port() >= 0
                            && read.port() <= 0xffff;
                });
    }

    private static void refusedInOneLine(Property property) {
        boolean holds;
        try {
            holds = property.holds();
        } catch (IllegalArgumentException refused) {
            TextFuzzer.requirePrintable(refused.getMessage());
            return;
        }
        if (!holds) {
            throw new AssertionError("is read as something else");
        }
    }
}
