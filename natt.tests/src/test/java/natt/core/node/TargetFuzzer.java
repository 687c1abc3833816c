package natt.core.node;

import natt.core.TextFuzzer;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// Whatever a peer asks for is a target, written in one way, or none; whatever a user writes is
/// read or refused in one line.
public final class TargetFuzzer {
    private static final AllowList ALL = AllowList.of("*:*");
    private static final AllowList SOME = AllowList.of("22", "db:*", "exec:df -h ...");

    private TargetFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        Target.ofService(text).ifPresent(TargetFuzzer::check);
        read(() -> check(Target.parse(text)));
        read(() -> AllowList.of(text).allows(Target.parse("22")));
        read(() -> ForwardSpec.parse(text, List.of("df")));
        read(() -> Peer.parse(text));
    }

    private static void check(Target target) {
        String service = target.service();
        if (service.getBytes(StandardCharsets.UTF_8).length > Target.MOST_BYTES
                || !Target.ofService(service).equals(Optional.of(target))) {
            throw new AssertionError("another target: " + target);
        }
        if (ALL.allows(target) != target instanceof Target.Tcp) {
            throw new AssertionError("everything is TCP services: " + target);
        }
        SOME.allows(target);
    }

    private static void read(Runnable reader) {
        try {
            reader.run();
        } catch (IllegalArgumentException refused) {
            TextFuzzer.requirePrintable(refused.getMessage());
        }
    }
}
