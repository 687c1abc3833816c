package natt.transport.kcp;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// Any bytes are an open record or none; one that is names a service of 1 to 1024 bytes and is
/// written again as it was read.
public final class OpenRecordFuzzer {
    private OpenRecordFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        String service = OpenRecord.service(ByteBuffer.wrap(bytes));
        if (service == null) {
            return;
        }
        int length = service.getBytes(StandardCharsets.UTF_8).length;
        if (length < 1 || length > 1024 || !OpenRecord.of(service).equals(ByteBuffer.wrap(bytes))) {
            throw new AssertionError("another record: " + service);
        }
    }
}
