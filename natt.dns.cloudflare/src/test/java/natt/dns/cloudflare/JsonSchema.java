package natt.dns.cloudflare;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// The part of JSON Schema, in OpenAPI's dialect, that the API's description uses.
///
/// A request is held to more than a schema asks for: each of its properties must be described
/// by a branch that applies, and none may be read-only, so that a misspelt or misplaced one is
/// found. A flaw is told as a path and a sentence.
final class JsonSchema {
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
    private static final Pattern HOSTNAME = Pattern.compile("[A-Za-z0-9_.-]{1,253}");

    private final JsonObject document;

    /// What one value came to under one schema.
    ///
    /// @param described the properties that a schema which applies speaks of
    private record Outcome(List<String> flaws, Set<String> described) {
        Outcome() {
            this(new ArrayList<>(), new HashSet<>());
        }

        /// How far a value is from what was meant: another kind of thing is farthest.
        int distance() {
            return flaws.stream().mapToInt(each -> each.contains("is none of") ? 10 : 1).sum();
        }

        void add(Outcome other) {
            flaws.addAll(other.flaws);
            described.addAll(other.described);
        }
    }

    JsonSchema(JsonObject document) {
        this.document = document;
    }

    List<String> check(JsonObject schema, JsonElement value) {
        return apply(schema, value, "", false).flaws();
    }

    List<String> checkRequest(JsonObject schema, JsonElement value) {
        return apply(schema, value, "", true).flaws();
    }

    /// Checks a parameter, which is text whatever its type.
    List<String> checkText(JsonObject schema, String value) {
        JsonObject resolved = resolve(schema);
        String type = resolved.has("type") ? resolved.get("type").getAsString() : "string";
        JsonElement element =
                switch (type) {
                    case "number", "integer" ->
                            value.matches("-?[0-9]+")
                                    ? new JsonPrimitive(Long.parseLong(value))
                                    : new JsonPrimitive(value);
                    case "boolean" ->
                            value.matches("true|false")
                                    ? new JsonPrimitive(Boolean.parseBoolean(value))
                                    : new JsonPrimitive(value);
                    default -> new JsonPrimitive(value);
                };
        return check(resolved, element);
    }

    JsonObject resolve(JsonObject holder) {
        JsonObject at = holder;
        while (at.has("$ref")) {
            JsonElement found = document;
            for (String key : at.get("$ref").getAsString().substring(2).split("/")) {
                found = found.getAsJsonObject().get(key);
            }
            at = found.getAsJsonObject();
        }
        return at;
    }

    private Outcome apply(JsonObject schema, JsonElement value, String path, boolean strict) {
        var outcome = shape(schema, value, path, strict);
        if (strict && value instanceof JsonObject object) {
            for (String each : object.keySet()) {
                if (!outcome.described().contains(each)) {
                    outcome.flaws().add(path + "/" + each + " is not described");
                }
            }
        }
        return outcome;
    }

    private Outcome shape(JsonObject schema, JsonElement value, String path, boolean strict) {
        var outcome = new Outcome();
        if (value.isJsonNull()) {
            boolean nullable = schema.has("nullable") && schema.get("nullable").getAsBoolean();
            if (!nullable && (!schema.has("enum") || !contains(schema, value))) {
                outcome.flaws().add(path + " is null");
            }
            return outcome;
        }
        if (schema.has("$ref")) {
            outcome.add(shape(resolve(schema), value, path, strict));
        }
        if (schema.has("type") && !isType(schema.get("type").getAsString(), value)) {
            outcome.flaws().add(path + " is no " + schema.get("type").getAsString());
            return outcome;
        }
        if (schema.has("enum") && !contains(schema, value)) {
            outcome.flaws().add(path + " is none of " + schema.get("enum"));
        }
        if (value instanceof JsonPrimitive primitive) {
            checkPrimitive(schema, primitive, path, outcome.flaws());
        }
        if (value instanceof JsonArray array && schema.has("items")) {
            for (int i = 0; i < array.size(); i++) {
                JsonObject items = schema.getAsJsonObject("items");
                outcome.add(apply(items, array.get(i), path + "/" + i, strict));
            }
        }
        if (value instanceof JsonObject object) {
            checkObject(schema, object, path, strict, outcome);
        }
        if (schema.has("allOf")) {
            for (JsonElement each : schema.getAsJsonArray("allOf")) {
                outcome.add(shape(each.getAsJsonObject(), value, path, strict));
            }
        }
        if (schema.has("anyOf")) {
            outcome.add(choose(schema.getAsJsonArray("anyOf"), value, path, strict, false));
        }
        if (schema.has("oneOf")) {
            outcome.add(choose(schema.getAsJsonArray("oneOf"), value, path, strict, true));
        }
        return outcome;
    }

    /// Takes the branches that apply; where none does, tells the flaws of the nearest.
    private Outcome choose(
            JsonArray branches, JsonElement value, String path, boolean strict, boolean onlyOne) {
        var chosen = new Outcome();
        Outcome nearest = null;
        int matching = 0;
        for (JsonElement each : branches) {
            Outcome one = shape(each.getAsJsonObject(), value, path, strict);
            if (one.flaws().isEmpty()) {
                matching++;
                chosen.add(one);
            } else if (nearest == null || one.distance() < nearest.distance()) {
                nearest = one;
            }
        }
        if (matching == 0 && nearest != null) {
            chosen.flaws().add(path + " fits no branch, the nearest: " + nearest.flaws());
            chosen.described().addAll(nearest.described());
        } else if (onlyOne && matching > 1) {
            chosen.flaws().add(path + " fits %d branches".formatted(matching));
        }
        return chosen;
    }

    private void checkObject(
            JsonObject schema, JsonObject value, String path, boolean strict, Outcome outcome) {
        if (schema.has("required")) {
            for (JsonElement each : schema.getAsJsonArray("required")) {
                if (!value.has(each.getAsString())) {
                    outcome.flaws().add(path + " has no " + each.getAsString());
                }
            }
        }
        if (!schema.has("properties")) {
            return;
        }
        for (Map.Entry<String, JsonElement> each :
                schema.getAsJsonObject("properties").entrySet()) {
            String name = each.getKey();
            JsonObject property = each.getValue().getAsJsonObject();
            outcome.described().add(name);
            if (!value.has(name)) {
                continue;
            }
            if (strict && resolve(property).has("readOnly")) {
                outcome.flaws().add(path + "/" + name + " is read-only");
            }
            outcome.flaws()
                    .addAll(apply(property, value.get(name), path + "/" + name, strict).flaws());
        }
    }

    private static void checkPrimitive(
            JsonObject schema, JsonPrimitive value, String path, List<String> flaws) {
        if (value.isString()) {
            String text = value.getAsString();
            if (schema.has("maxLength") && text.length() > schema.get("maxLength").getAsInt()) {
                flaws.add(path + " is too long");
            }
            if (schema.has("minLength") && text.length() < schema.get("minLength").getAsInt()) {
                flaws.add(path + " is too short");
            }
            if (schema.has("pattern")
                    && !Pattern.compile(schema.get("pattern").getAsString()).matcher(text).find()) {
                flaws.add(path + " does not fit the pattern");
            }
            if (schema.has("format") && !isFormat(schema.get("format").getAsString(), text)) {
                flaws.add(path + " is no " + schema.get("format").getAsString());
            }
        } else if (value.isNumber()) {
            BigDecimal number = value.getAsBigDecimal();
            if (schema.has("minimum")
                    && number.compareTo(schema.get("minimum").getAsBigDecimal()) < 0) {
                flaws.add(path + " is too small");
            }
            if (schema.has("maximum")
                    && number.compareTo(schema.get("maximum").getAsBigDecimal()) > 0) {
                flaws.add(path + " is too large");
            }
        }
    }

    private static boolean contains(JsonObject schema, JsonElement value) {
        for (JsonElement each : schema.getAsJsonArray("enum")) {
            boolean equalNumbers =
                    each instanceof JsonPrimitive a
                            && value instanceof JsonPrimitive b
                            && a.isNumber()
                            && b.isNumber()
                            && a.getAsBigDecimal().compareTo(b.getAsBigDecimal()) == 0;
            if (each.equals(value) || equalNumbers) {
                return true;
            }
        }
        return false;
    }

    private static boolean isType(String type, JsonElement value) {
        return switch (type) {
            case "object" -> value.isJsonObject();
            case "array" -> value.isJsonArray();
            case "string" -> value instanceof JsonPrimitive each && each.isString();
            case "boolean" -> value instanceof JsonPrimitive each && each.isBoolean();
            case "number" -> value instanceof JsonPrimitive each && each.isNumber();
            case "integer" ->
                    value instanceof JsonPrimitive each
                            && each.isNumber()
                            && each.getAsBigDecimal().stripTrailingZeros().scale() <= 0;
            default -> throw new AssertionError("the description has a new type: " + type);
        };
    }

    private static boolean isFormat(String format, String text) {
        return switch (format) {
            case "ipv4" -> IPV4.matcher(text).matches();
            case "ipv6" -> Wanted.ipv6(text).isPresent();
            case "hostname" -> HOSTNAME.matcher(text).matches();
            case "date-time" -> isDateTime(text);
            default -> true;
        };
    }

    private static boolean isDateTime(String text) {
        try {
            OffsetDateTime.parse(text);
            return true;
        } catch (DateTimeException e) {
            return false;
        }
    }
}
