package natt.core.session;

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
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/// Published vectors of Noise, where they lie beside the repository; their absence is said, or
/// with `-Dnatt.require=all` an error.
class NoiseVectorTests {
    private static final String NAME = "shared/vectors/noise-25519-chachapoly-sha256.json";

    @TestFactory
    Stream<DynamicTest> everyVectorIsReproduced() throws IOException {
        Path file = Repository.root().resolveSibling(NAME);
        boolean found = Files.isRegularFile(file);
        if (!found && System.getProperty("natt.require", "").equals("all")) {
            fail("Noise's vectors are required, and there is no " + file);
        }
        assumeTrue(found, "without ../" + NAME + " beside the repository");
        JsonArray vectors =
                JsonParser.parseString(Files.readString(file))
                        .getAsJsonObject()
                        .getAsJsonArray("vectors");
        var names = new HashSet<String>();
        vectors.forEach(each -> names.add(text(each.getAsJsonObject(), "protocol_name")));
        Set<String> patterns = new HashSet<>();
        for (Noise.Pattern pattern : Noise.Pattern.values()) {
            patterns.add(pattern.protocolName());
        }
        assertEquals(patterns, names);
        return vectors.asList().stream()
                .map(each -> each.getAsJsonObject())
                .map(each -> DynamicTest.dynamicTest(text(each, "protocol_name"), () -> run(each)));
    }

    private static void run(JsonObject vector) {
        Noise.Pattern pattern =
                Arrays.stream(Noise.Pattern.values())
                        .filter(each -> each.protocolName().equals(text(vector, "protocol_name")))
                        .findFirst()
                        .orElseThrow();
        Noise[] sides = {
            noise(pattern, vector, true, "init_"), noise(pattern, vector, false, "resp_")
        };
        RandomGenerator[] randoms = {
            random(hex(vector, "init_ephemeral")), random(hex(vector, "resp_ephemeral"))
        };
        Noise.@Nullable Split[] keys = new Noise.Split[2];
        List<JsonObject> messages =
                vector.getAsJsonArray("messages").asList().stream()
                        .map(each -> each.getAsJsonObject())
                        .toList();
        long[] counters = new long[2];
        int transported = 0;
        for (int i = 0; i < messages.size(); i++) {
            byte[] payload = hex(messages.get(i), "payload");
            byte[] expected = hex(messages.get(i), "ciphertext");
            int from = i % 2;
            int to = 1 - from;
            var written = new byte[expected.length];
            var read = new byte[expected.length];
            if (sides[0].finished()) {
                Noise.Split sender = given(keys[from]);
                Noise.Split receiver = given(keys[to]);
                long counter = counters[from]++;
                sender.send().seal(counter, read, 0, 0, payload, 0, payload.length, written, 0);
                assertArrayEquals(expected, written);
                int length =
                        receiver.receive()
                                .open(counter, read, 0, 0, expected, 0, expected.length, read, 0);
                assertEquals(payload.length, length);
                transported++;
            } else {
                int length =
                        sides[from].write(payload, 0, payload.length, written, 0, randoms[from]);
                assertEquals(expected.length, length);
                assertArrayEquals(expected, written);
                assertEquals(payload.length, sides[to].read(expected, 0, expected.length, read, 0));
                if (sides[0].finished()) {
                    assertTrue(sides[1].finished());
                    assertArrayEquals(hex(vector, "handshake_hash"), sides[0].hash());
                    assertArrayEquals(hex(vector, "handshake_hash"), sides[1].hash());
                    keys[0] = sides[0].split();
                    keys[1] = sides[1].split();
                }
            }
            assertArrayEquals(payload, Arrays.copyOf(read, payload.length));
        }
        assertTrue(transported > 0);
    }

    private static Noise.Split given(Noise.@Nullable Split keys) {
        if (keys == null) {
            throw new AssertionError("the handshake is finished");
        }
        return keys;
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
