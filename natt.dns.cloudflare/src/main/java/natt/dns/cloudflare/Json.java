package natt.dns.cloudflare;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;

import java.io.IOException;
import java.io.StringReader;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// Reads JSON that somebody else wrote: what is missing or of another type is empty, and
/// nothing throws.
final class Json {
    private Json() {}

    /// Returns the one object that the text consists of, if it does.
    static Optional<JsonObject> object(String text) {
        try (var reader = new JsonReader(new StringReader(text))) {
            reader.setStrictness(Strictness.STRICT);
            JsonElement element = JsonParser.parseReader(reader);
            return element instanceof JsonObject object && reader.peek() == JsonToken.END_DOCUMENT
                    ? Optional.of(object)
                    : Optional.empty();
        } catch (IOException | JsonParseException e) {
            return Optional.empty();
        }
    }

    static Optional<JsonObject> object(JsonObject in, String key) {
        return in.get(key) instanceof JsonObject object ? Optional.of(object) : Optional.empty();
    }

    static Optional<JsonArray> array(JsonObject in, String key) {
        return in.get(key) instanceof JsonArray array ? Optional.of(array) : Optional.empty();
    }

    /// Returns the objects in an array, leaving out what is none.
    static List<JsonObject> objects(Optional<JsonArray> array) {
        return array.stream()
                .flatMap(each -> each.asList().stream())
                .filter(JsonObject.class::isInstance)
                .map(JsonObject.class::cast)
                .toList();
    }

    static Optional<String> string(JsonObject in, String key) {
        return in.get(key) instanceof JsonPrimitive primitive && primitive.isString()
                ? Optional.of(primitive.getAsString())
                : Optional.empty();
    }

    static boolean isTrue(JsonObject in, String key) {
        return in.get(key) instanceof JsonPrimitive primitive
                && primitive.isBoolean()
                && primitive.getAsBoolean();
    }

    static OptionalLong integer(JsonObject in, String key) {
        if (in.get(key) instanceof JsonPrimitive primitive && primitive.isNumber()) {
            try {
                return OptionalLong.of(primitive.getAsBigDecimal().longValueExact());
            } catch (ArithmeticException e) {
                // Not whole or too large, NumberFormatException: beyond gson's own limits.
                return OptionalLong.empty();
            } catch (NumberFormatException e) {
                return OptionalLong.empty();
            }
        }
        return OptionalLong.empty();
    }
}
