package natt.dns.cloudflare;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import natt.dns.cloudflare.FakeCloudflare.Exchange;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The published description of the API, where it lies beside the repository, and what it says
/// of a request and an answer.
final class OpenApi {
    static final Path FILE =
            Path.of("..", "..", "shared", "vectors", "cloudflare-dns-openapi.json");

    private final JsonObject document;
    private final JsonSchema schema;

    private OpenApi(JsonObject document) {
        this.document = document;
        schema = new JsonSchema(document);
    }

    static Optional<OpenApi> find() {
        if (!Files.isRegularFile(FILE)) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new OpenApi(JsonParser.parseString(Files.readString(FILE)).getAsJsonObject()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @throws AssertionError if the exchange is not as described
    void check(Exchange exchange) {
        List<String> flaws = flaws(exchange);
        if (!flaws.isEmpty()) {
            throw new AssertionError(
                    "%s %s\n%s\n%d %s\nis not the API's: %s"
                            .formatted(
                                    exchange.line(),
                                    exchange.query(),
                                    exchange.requestBody(),
                                    exchange.status(),
                                    exchange.responseBody(),
                                    String.join("\n  ", flaws)));
        }
    }

    List<String> flaws(Exchange exchange) {
        var flaws = new ArrayList<String>();
        Optional<Map.Entry<String, JsonElement>> path =
                document.getAsJsonObject("paths").entrySet().stream()
                        .filter(each -> matches(each.getKey(), exchange.path()))
                        .findFirst();
        String method = exchange.method().toLowerCase();
        if (path.isEmpty() || !path.get().getValue().getAsJsonObject().has(method)) {
            return List.of("there is no " + exchange.line());
        }
        JsonObject operation = path.get().getValue().getAsJsonObject().getAsJsonObject(method);
        checkParameters(operation, path.get().getKey(), exchange, flaws);
        if (operation.has("requestBody")) {
            JsonElement body = JsonParser.parseString(exchange.requestBody());
            schema.checkRequest(jsonSchema(operation.getAsJsonObject("requestBody")), body)
                    .forEach(each -> flaws.add("request" + each));
        } else if (!exchange.requestBody().isEmpty()) {
            flaws.add("request has a body");
        }
        if (!exchange.scripted()) {
            JsonObject responses = operation.getAsJsonObject("responses");
            String status = "" + exchange.status();
            String key = responses.has(status) ? status : status.charAt(0) + "XX";
            if (!responses.has(key)) {
                flaws.add("there is no answer " + status);
            } else {
                JsonElement body = JsonParser.parseString(exchange.responseBody());
                schema.check(jsonSchema(responses.getAsJsonObject(key)), body)
                        .forEach(each -> flaws.add("answer" + each));
            }
        }
        return flaws;
    }

    private void checkParameters(
            JsonObject operation, String template, Exchange exchange, List<String> flaws) {
        var unknown = new ArrayList<>(exchange.query().keySet());
        JsonArray parameters =
                operation.has("parameters") ? operation.getAsJsonArray("parameters") : null;
        for (JsonElement each : parameters == null ? new JsonArray() : parameters) {
            JsonObject parameter = schema.resolve(each.getAsJsonObject());
            String name = parameter.get("name").getAsString();
            boolean inPath = parameter.get("in").getAsString().equals("path");
            String value =
                    inPath
                            ? segment(template, exchange.path(), "{" + name + "}")
                            : exchange.query().get(name);
            unknown.remove(name);
            if (value != null) {
                schema.checkText(parameter.getAsJsonObject("schema"), value)
                        .forEach(flaw -> flaws.add(name + flaw));
            }
        }
        unknown.forEach(each -> flaws.add("there is no parameter " + each));
    }

    private static JsonObject jsonSchema(JsonObject holder) {
        return holder.getAsJsonObject("content")
                .getAsJsonObject("application/json")
                .getAsJsonObject("schema");
    }

    private static boolean matches(String template, String path) {
        String[] want = template.split("/");
        String[] have = path.split("/");
        if (want.length != have.length) {
            return false;
        }
        for (int i = 0; i < want.length; i++) {
            // A fixed segment comes before a parameter: "batch" is no record's id.
            boolean parameter = want[i].startsWith("{") && !have[i].equals("batch");
            if (!parameter && !want[i].equals(have[i])) {
                return false;
            }
        }
        return true;
    }

    private static String segment(String template, String path, String parameter) {
        int index = List.of(template.split("/")).indexOf(parameter);
        return path.split("/")[index];
    }
}
