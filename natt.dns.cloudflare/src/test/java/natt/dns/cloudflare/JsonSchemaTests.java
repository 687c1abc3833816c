package natt.dns.cloudflare;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonParser;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;

/// The validator itself, on a description of its own, so that it is tested where the API's is
/// absent.
class JsonSchemaTests {
    private static final String DOCUMENT =
            """
            {"s": {
              "thing": {"type": "object", "required": ["kind"],
                "anyOf": [{"$ref": "#/s/cat"}, {"$ref": "#/s/dog"}],
                "properties": {"id": {"type": "string", "maxLength": 3, "minLength": 1}}},
              "cat": {"type": "object", "properties": {
                "kind": {"type": "string", "enum": ["cat"]},
                "lives": {"type": "integer", "minimum": 1, "maximum": 9},
                "born": {"type": "string", "format": "date-time", "readOnly": true}}},
              "dog": {"type": "object", "properties": {
                "kind": {"type": "string", "enum": ["dog"]},
                "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}},
                "home": {"type": "string", "format": "ipv4"},
                "home6": {"type": "string", "format": "ipv6"},
                "size": {"oneOf": [{"type": "number", "minimum": 5},
                                   {"type": "number", "enum": [1, 7]}]},
                "chip": {"type": "object", "enum": [null]},
                "vet": {"type": "string", "nullable": true}}}}}
            """;

    private final JsonSchema schema = new JsonSchema(FakeCloudflare.object(DOCUMENT));

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "{\"kind\": \"cat\", \"lives\": 9, \"id\": \"abc\"}",
                "{\"kind\": \"cat\", \"lives\": 9.0}",
                "{\"kind\": \"dog\", \"tags\": [\"a\", \"b\"], \"home\": \"192.0.2.1\"}",
                "{\"kind\": \"dog\", \"home6\": \"2001:db8::1\", \"size\": 5, \"vet\": null}",
                "{\"kind\": \"dog\", \"chip\": null, \"size\": 1}"
            })
    void whatIsDescribedPasses(String value) {
        assertEquals(List.of(), flaws(value));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "[]| is no object",
                "{\"id\": \"a\"}| has no kind",
                "{\"kind\": \"cow\"}|/kind is none of [\"cat\"]",
                "{\"kind\": 7}|/kind is no string",
                "{\"kind\": null}|/kind is null",
                "{\"kind\": \"cat\", \"id\": \"abcd\"}|/id is too long",
                "{\"kind\": \"cat\", \"id\": \"\"}|/id is too short",
                "{\"kind\": \"cat\", \"lives\": 0}|/lives is too small",
                "{\"kind\": \"cat\", \"lives\": 10}|/lives is too large",
                "{\"kind\": \"cat\", \"lives\": 1.5}|/lives is no integer",
                "{\"kind\": \"cat\", \"lives\": \"9\"}|/lives is no integer",
                "{\"kind\": \"cat\", \"born\": \"2026-11-20T00:00:00Z\"}|/born is read-only",
                "{\"kind\": \"cat\", \"tags\": []}|/tags is not described",
                "{\"kind\": \"cat\", \"Lives\": 3}|/Lives is not described",
                "{\"kind\": \"dog\", \"tags\": \"a\"}|/tags is no array",
                "{\"kind\": \"dog\", \"tags\": [\"A\"]}|/tags/0 does not fit the pattern",
                "{\"kind\": \"dog\", \"home\": \"192.0.2.256\"}|/home is no ipv4",
                "{\"kind\": \"dog\", \"home6\": \"192.0.2.1\"}|/home6 is no ipv6",
                "{\"kind\": \"dog\", \"size\": 7}|/size fits 2 branches",
                "{\"kind\": \"dog\", \"size\": 4}|/size fits no branch",
                "{\"kind\": \"dog\", \"vet\": 3}|/vet is no string"
            })
    void whatIsNotIsNamed(String value, String flaw) {
        String flaws = flaws(value).toString();
        assertEquals(true, flaws.contains(flaw), flaws);
    }

    @Test
    void aReadOnlyPropertyMayStandInAnAnswer() {
        String cat = "{\"kind\": \"cat\", \"born\": \"%s\", \"more\": 1}";
        assertEquals(List.of(), answerFlaws(cat.formatted("2026-11-20T05:20:00.12345Z")));
        assertEquals(
                true,
                answerFlaws(cat.formatted("yesterday")).toString().contains("is no date-time"));
    }

    private List<String> flaws(String value) {
        return schema.checkRequest(
                FakeCloudflare.object("{\"$ref\": \"#/s/thing\"}"), JsonParser.parseString(value));
    }

    private List<String> answerFlaws(String value) {
        return schema.check(
                FakeCloudflare.object("{\"$ref\": \"#/s/thing\"}"), JsonParser.parseString(value));
    }
}
