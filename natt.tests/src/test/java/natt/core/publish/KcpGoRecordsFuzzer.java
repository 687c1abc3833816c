package natt.core.publish;

import natt.core.TextFuzzer;
import natt.core.publish.KcpGoRecords.Found;
import natt.core.spi.NameLookup.Answer;
import natt.tests.fuzz.Input;

import java.net.Inet4Address;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Whatever DNS says, it leads to IPv4 addresses with a port, or nowhere with one line that says
/// why. The input: two kinds of answer, then records, each ended by a line feed, those with `=`
/// texts and the others addresses.
public final class KcpGoRecordsFuzzer {
    private KcpGoRecordsFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        int addressKind = input.choice(5);
        int textKind = input.choice(5);
        List<String> all = new String(input.rest(), StandardCharsets.UTF_8).lines().toList();
        Answer addresses =
                answer(addressKind, all.stream().filter(each -> !each.contains("=")).toList());
        Answer texts = answer(textKind, all.stream().filter(each -> each.contains("=")).toList());
        switch (KcpGoRecords.combine("host.example.org", addresses, texts)) {
            case Found.Nowhere(var why) -> TextFuzzer.requirePrintable(why);
            case Found.At(var found) -> {
                if (found.isEmpty()) {
                    throw new AssertionError("found at no address");
                }
                for (var each : found) {
                    if (!(each.getAddress() instanceof Inet4Address) || each.getPort() == 0) {
                        throw new AssertionError("found at " + each);
                    }
                }
            }
        }
    }

    private static Answer answer(int kind, List<String> contents) {
        return switch (kind) {
            case 1 -> new Answer.NoSuchName();
            case 2 -> new Answer.NoData();
            case 3 -> new Answer.ServerFailure("refused");
            case 4 -> new Answer.TimedOut();
            default -> contents.isEmpty() ? new Answer.NoData() : new Answer.Found(contents);
        };
    }
}
