package natt.dns.cloudflare;

import com.google.gson.JsonObject;

import natt.core.Text;
import natt.core.TextFuzzer;
import natt.tests.fuzz.Input;

import java.util.List;

/// Any answer of the API is read without an exception, and described in one line. The input: the
/// HTTP status divided by 4, then the body.
public final class ReplyFuzzer {
    private ReplyFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        int status = input.octet() * 4;
        String text = input.text();
        var reply = new Reply(status, Json.object(text).orElseGet(JsonObject::new));
        reply.isOfTheApi();
        reply.ok();
        reply.stale();
        reply.gone();
        reply.throttled();
        reply.refusesToken();
        reply.totalPages();
        TextFuzzer.requirePrintable(reply.describe());
        reply.result().ifPresent(RemoteRecord::of);
        for (JsonObject each : reply.results().orElse(List.of())) {
            RemoteRecord.of(each);
        }
        TxtContent.unquote(text);
        // What this side writes, it reads; UTF-8 has no unpaired surrogates.
        String plain = text.codePoints().anyMatch(ReplyFuzzer::isSurrogate) ? "" : text;
        if (!TxtContent.unquote(Text.characterStrings(plain)).equals(plain)) {
            throw new AssertionError("a text is read otherwise than it was written");
        }
    }

    private static boolean isSurrogate(int codePoint) {
        return Character.getType(codePoint) == Character.SURROGATE;
    }
}
