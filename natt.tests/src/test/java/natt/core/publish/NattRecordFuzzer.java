package natt.core.publish;

import natt.core.TextFuzzer;
import natt.tests.fuzz.Input;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Any text is a record or none; a record leads to addresses of one host each, with a port, and
/// says again what it was read from. Of several, the newest with the pinned key is chosen. The
/// input: texts, each ended by a line feed.
public final class NattRecordFuzzer {
    private NattRecordFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var text = new String(new Input(bytes).rest(), StandardCharsets.ISO_8859_1);
        List<String> texts = List.of(text.split("\n", -1));
        long newest = -1;
        Optional<NattRecord> last = Optional.empty();
        for (String each : texts) {
            Optional<NattRecord> record = NattRecord.parse(each);
            if (record.isPresent()) {
                check(record.get());
                newest = Math.max(newest, record.get().number());
                last = record;
            }
        }
        Optional<NattRecord> chosen = NattRecord.choose(texts, Optional.empty());
        if (chosen.map(NattRecord::number).orElse(-1L) != newest) {
            throw new AssertionError("not the newest");
        }
        if (last.isPresent()) {
            var pinned = Optional.of(last.get().key());
            if (!NattRecord.choose(texts, pinned).map(NattRecord::key).equals(pinned)) {
                throw new AssertionError("not the pinned one");
            }
        }
    }

    private static void check(NattRecord record) {
        if (!NattRecord.parse(record.text()).equals(Optional.of(record))) {
            throw new AssertionError("another record: " + record);
        }
        for (InetSocketAddress each : record.addresses()) {
            var ip = each.getAddress();
            if (ip.isAnyLocalAddress() || ip.isMulticastAddress() || each.getPort() == 0) {
                throw new AssertionError("leads to " + each);
            }
        }
        record.broker().ifPresent(TextFuzzer::requirePrintable);
        NattRecord.records("a.example", record, Duration.ofMinutes(1), true)
                .forEach(each -> TextFuzzer.requirePrintable(each.content()));
    }
}
