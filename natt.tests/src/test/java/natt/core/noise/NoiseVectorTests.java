package natt.core.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.tests.Repository;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;

/// Published vectors of Noise, where they lie beside the repository; their absence is said, or
/// with `-Dnatt.require=all` an error.
class NoiseVectorTests {
    private static final String NAME = "shared/vectors/noise-25519-chachapoly-sha256.json";

    @Test
    void everyVectorHasItsPattern() throws IOException {
        var names = new ArrayList<String>();
        for (JsonObject each : vectors()) {
            names.add(text(each, "protocol_name"));
        }
        assertEquals(
                Arrays.stream(Noise.Pattern.values()).map(NoiseVectorTests::name).toList(), names);
    }

    private static String name(Noise.Pattern pattern) {
        return pattern.protocolName(NoiseHash.SHA_256);
    }

    private static List<JsonObject> vectors() throws IOException {
        Path file = Repository.root().resolveSibling(NAME);
        boolean found = Files.isRegularFile(file);
        if (!found && System.getProperty("natt.require", "").contains("natlab")) {
            fail("Noise's vectors are required, and there is no ../" + NAME);
        }
        assumeTrue(found, "without ../" + NAME + " beside the repository");
        return JsonParser.parseString(Files.readString(file))
                .getAsJsonObject()
                .getAsJsonArray("vectors")
                .asList()
                .stream()
                .map(each -> each.getAsJsonObject())
                .toList();
    }

    @ParameterizedTest
    @EnumSource
    void aPatternReproducesItsVector(Noise.Pattern pattern) throws IOException {
        JsonObject vector =
                vectors().stream()
                        .filter(each -> text(each, "protocol_name").equals(name(pattern)))
                        .findFirst()
                        .orElseThrow();
        Noise initiator = noise(pattern, vector, true, "init_");
        Noise responder = noise(pattern, vector, false, "resp_");
        RandomGenerator initiatorsRandom = random(hex(vector, "init_ephemeral"));
        RandomGenerator respondersRandom = random(hex(vector, "resp_ephemeral"));
        List<JsonObject> messages =
                vector.getAsJsonArray("messages").asList().stream()
                        .map(each -> each.getAsJsonObject())
                        .toList();
        int sent = 0;
        while (!initiator.finished()) {
            if (sent % 2 == 0) {
                shake(initiator, responder, messages.get(sent), initiatorsRandom);
            } else {
                shake(responder, initiator, messages.get(sent), respondersRandom);
            }
            sent++;
        }
        assertTrue(responder.finished());
        assertArrayEquals(hex(vector, "handshake_hash"), initiator.hash());
        assertArrayEquals(hex(vector, "handshake_hash"), responder.hash());
        transport(initiator.split(), responder.split(), messages, sent);
    }

    private static void shake(Noise from, Noise to, JsonObject message, RandomGenerator random) {
        byte[] payload = hex(message, "payload");
        byte[] expected = hex(message, "ciphertext");
        var written = new byte[expected.length];
        assertEquals(expected.length, from.write(payload, 0, payload.length, written, 0, random));
        assertArrayEquals(expected, written);
        assertEquals(payload.length, to.read(written, 0, written.length, written, 0));
        assertArrayEquals(payload, Arrays.copyOf(written, payload.length));
    }

    private static void transport(
            Noise.Split initiator, Noise.Split responder, List<JsonObject> messages, int sent) {
        assertTrue(sent + 2 < messages.size());
        var counters = new long[2];
        for (int i = sent; i < messages.size(); i++) {
            byte[] payload = hex(messages.get(i), "payload");
            byte[] expected = hex(messages.get(i), "ciphertext");
            Noise.Split from = i % 2 == 0 ? initiator : responder;
            Noise.Split to = i % 2 == 0 ? responder : initiator;
            long counter = counters[i % 2]++;
            var written = new byte[expected.length];
            from.send().seal(counter, written, 0, 0, payload, 0, payload.length, written, 0);
            assertArrayEquals(expected, written);
            int length =
                    to.receive()
                            .open(counter, written, 0, 0, written, 0, written.length, written, 0);
            assertArrayEquals(payload, Arrays.copyOf(written, length));
        }
    }

    private static Noise noise(
            Noise.Pattern pattern, JsonObject vector, boolean initiator, String side) {
        byte @Nullable [] mine = optional(vector, side + "static");
        byte @Nullable [] theirs = optional(vector, side + "remote_static");
        JsonArray secrets = vector.getAsJsonArray(side + "psks");
        return new Noise(
                pattern,
                initiator,
                hex(vector, side + "prologue"),
                mine == null ? null : Identity.of(mine),
                theirs == null ? null : NodeKey.of(theirs),
                secrets == null
                        ? null
                        : PreSharedKey.of(HexFormat.of().parseHex(secrets.get(0).getAsString())));
    }

    /// Gives the private key that the vector was made with.
    private static RandomGenerator random(byte[] scalar) {
        return new RandomGenerator() {
            @Override
            public void nextBytes(byte[] bytes) {
                System.arraycopy(scalar, 0, bytes, 0, bytes.length);
            }

            @Override
            public long nextLong() {
                throw new AssertionError("only bytes were expected");
            }
        };
    }

    private static byte @Nullable [] optional(JsonObject from, String name) {
        return from.has(name) ? hex(from, name) : null;
    }

    private static byte[] hex(JsonObject from, String name) {
        return HexFormat.of().parseHex(text(from, name));
    }

    private static String text(JsonObject from, String name) {
        return from.get(name).getAsString();
    }
}
