package natt.dns.cloudflare;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import natt.dns.cloudflare.FakeHttpServer.Request;
import natt.dns.cloudflare.FakeHttpServer.Response;

import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/// The DNS part of the API in memory: zones, records, batches, its refusals, and a script of
/// failures. Keeps every exchange, so that a test can count them and check their form.
final class FakeCloudflare implements AutoCloseable {
    static final String TOKEN = "canary-4f9bcd2a7e-token";
    static final String PREFIX = "/client/v4";

    /// @param path without prefix and query
    /// @param scripted whether the answer came from the script, and so need not be of the API
    record Exchange(
            String method,
            String path,
            Map<String, String> query,
            String requestBody,
            int status,
            String responseBody,
            boolean scripted) {
        String line() {
            return method + " " + path;
        }

        JsonObject request() {
            return JsonParser.parseString(requestBody).getAsJsonObject();
        }
    }

    private record Step(Predicate<Request> when, Response response) {}

    private final FakeHttpServer server;
    private final Map<String, String> zones = new LinkedHashMap<>();
    private final Map<String, JsonObject> records = new LinkedHashMap<>();
    private final Deque<Step> script = new ArrayDeque<>();
    private final List<Exchange> exchanges = new ArrayList<>();
    private int nextId = 1;
    private boolean batchSupported = true;
    private boolean zoneReadable = true;
    private boolean writable = true;

    FakeCloudflare() throws IOException {
        server = new FakeHttpServer(this::handle);
    }

    String url() {
        return server.url() + PREFIX;
    }

    int connections() {
        return server.connections();
    }

    synchronized String addZone(String name) {
        String id = "%032x".formatted(0xabc000 + nextId++);
        zones.put(id, name);
        return id;
    }

    /// Adds a record as somebody made it, by hand or by another program.
    synchronized String add(String type, String name, String content, String comment) {
        var json = new JsonObject();
        json.addProperty("type", type);
        json.addProperty("name", name);
        json.addProperty("content", content);
        json.addProperty("ttl", 1);
        if (!comment.isEmpty()) {
            json.addProperty("comment", comment);
        }
        return store(json).get("id").getAsString();
    }

    synchronized void set(String id, String key, Object value) {
        records.get(id).add(key, new Gson().toJsonTree(value));
    }

    synchronized List<String> ids(String type) {
        return records.values().stream()
                .filter(each -> each.get("type").getAsString().equals(type))
                .map(each -> each.get("id").getAsString())
                .toList();
    }

    synchronized void remove(String id) {
        records.remove(id);
    }

    synchronized void withoutBatch() {
        batchSupported = false;
    }

    synchronized void withoutZoneRead() {
        zoneReadable = false;
    }

    synchronized void withoutDnsEdit() {
        writable = false;
    }

    /// Answers the next request of this method whose path ends so with something else.
    synchronized void answerNext(String method, String pathEnd, Response response) {
        script.add(
                new Step(
                        request ->
                                request.method().equals(method)
                                        && request.target().split("\\?")[0].endsWith(pathEnd),
                        response));
    }

    /// Returns `type name content ttl proxied comment` of every record, in order of creation.
    synchronized List<String> shown() {
        return records.values().stream()
                .map(
                        each ->
                                "%s %s %s ttl=%s%s [%s]"
                                        .formatted(
                                                each.get("type").getAsString(),
                                                each.get("name").getAsString(),
                                                each.get("content").getAsString(),
                                                each.get("ttl").getAsInt(),
                                                each.get("proxied").getAsBoolean()
                                                        ? " proxied"
                                                        : "",
                                                each.get("comment").isJsonNull()
                                                        ? ""
                                                        : each.get("comment").getAsString()))
                .toList();
    }

    synchronized List<Exchange> exchanges() {
        return List.copyOf(exchanges);
    }

    /// Returns method and path of every request since the last call, and forgets them.
    synchronized List<String> takeCalls() {
        var calls = exchanges.stream().map(Exchange::line).toList();
        exchanges.clear();
        return calls;
    }

    @Override
    public void close() throws IOException {
        server.close();
        OpenApi.find().ifPresent(api -> exchanges().forEach(api::check));
    }

    private synchronized Response handle(Request request) {
        URI target = URI.create(request.target());
        String path = target.getRawPath().substring(PREFIX.length());
        Response response = null;
        boolean scripted = false;
        for (Step each : script) {
            if (each.when().test(request)) {
                script.remove(each);
                response = each.response();
                scripted = true;
                break;
            }
        }
        var query = query(target.getRawQuery());
        if (response == null) {
            response = answer(request, path, query);
        }
        exchanges.add(
                new Exchange(
                        request.method(),
                        path,
                        query,
                        request.body(),
                        response.status(),
                        new String(response.body(), StandardCharsets.UTF_8),
                        scripted));
        notifyAll();
        return response;
    }

    /// Waits until this many requests have come since the last [#takeCalls].
    synchronized void awaitCalls(int count) throws InterruptedException {
        while (exchanges.size() < count) {
            wait();
        }
    }

    private Response answer(Request request, String path, Map<String, String> query) {
        String authorization = request.headers().get("authorization");
        if (!("Bearer " + TOKEN).equals(authorization)) {
            return failure(401, 1000, "Invalid API Token");
        }
        String[] parts = path.substring(1).split("/");
        if (parts.length == 1 && path.equals("/zones")) {
            return zoneList(query.get("name"));
        }
        if (!parts[0].equals("zones") || parts.length > 4) {
            return failure(404, 7000, "No route for that URI");
        }
        if (!zones.containsKey(parts[1])) {
            return failure(404, 7003, "Could not route to " + path + ", perhaps invalid?");
        }
        if (parts.length == 2) {
            return zoneReadable
                    ? success(zone(parts[1]))
                    : failure(403, 9109, "Unauthorized to access requested resource");
        }
        boolean get = request.method().equals("GET");
        if (!get && !writable) {
            return failure(403, 10000, "Authentication error");
        }
        String zone = zones.get(parts[1]);
        try {
            if (parts.length == 3) {
                return get ? list(query) : success(post(zone, object(request.body())));
            }
            if (parts[3].equals("batch")) {
                return batchSupported
                        ? batch(zone, object(request.body()))
                        : failure(405, 7001, "Method not allowed for this authentication scheme");
            }
            return switch (request.method()) {
                case "PATCH" -> success(patch(parts[3], object(request.body())));
                case "DELETE" -> success(delete(parts[3]));
                default -> failure(405, 7001, "Method not allowed");
            };
        } catch (Refusal e) {
            return failure(e.status, e.code, e.getMessage());
        }
    }

    private Response zoneList(String name) {
        var result = new JsonArray();
        if (zoneReadable) {
            zones.forEach(
                    (id, each) -> {
                        if (each.equals(name)) {
                            result.add(zone(id));
                        }
                    });
        }
        return page(result, 1, 20);
    }

    private Response list(Map<String, String> query) {
        int size = Integer.parseInt(query.getOrDefault("per_page", "100"));
        int page = Integer.parseInt(query.getOrDefault("page", "1"));
        var all =
                records.values().stream()
                        .filter(
                                each ->
                                        each.get("name")
                                                .getAsString()
                                                .equalsIgnoreCase(query.get("name.exact")))
                        .toList();
        var result = new JsonArray();
        all.stream().skip((page - 1L) * size).limit(size).forEach(result::add);
        var body = envelope(result);
        var info = new JsonObject();
        info.addProperty("page", page);
        info.addProperty("per_page", size);
        info.addProperty("count", result.size());
        info.addProperty("total_count", all.size());
        info.addProperty("total_pages", (all.size() + size - 1) / size);
        body.add("result_info", info);
        return Response.of(200, body.toString());
    }

    /// One transaction: deletes, patches, posts, or nothing.
    private Response batch(String zone, JsonObject body) throws Refusal {
        var before = new LinkedHashMap<>(records);
        var result = new JsonObject();
        try {
            var deletes = new JsonArray();
            for (JsonElement each : array(body, "deletes")) {
                String id = each.getAsJsonObject().get("id").getAsString();
                deletes.add(records.get(id));
                delete(id);
            }
            var patches = new JsonArray();
            for (JsonElement each : array(body, "patches")) {
                JsonObject patch = each.getAsJsonObject().deepCopy();
                patches.add(patch(patch.remove("id").getAsString(), patch));
            }
            var posts = new JsonArray();
            for (JsonElement each : array(body, "posts")) {
                posts.add(post(zone, each.getAsJsonObject()));
            }
            result.add("deletes", deletes);
            result.add("patches", patches);
            result.add("puts", new JsonArray());
            result.add("posts", posts);
            return success(result);
        } catch (Refusal e) {
            records.clear();
            records.putAll(before);
            throw e;
        }
    }

    private JsonObject post(String zone, JsonObject record) throws Refusal {
        JsonObject checked = check(record);
        String name = checked.get("name").getAsString();
        if (!name.equals(zone) && !name.endsWith("." + zone)) {
            checked.addProperty("name", name + "." + zone);
        }
        refuseClash(checked, "");
        return store(checked);
    }

    private JsonObject patch(String id, JsonObject change) throws Refusal {
        if (!records.containsKey(id)) {
            throw new Refusal(404, 81044, "Record does not exist.");
        }
        JsonObject merged = records.get(id).deepCopy();
        check(change).entrySet().forEach(each -> merged.add(each.getKey(), each.getValue()));
        refuseClash(merged, id);
        records.put(id, merged);
        return merged;
    }

    private JsonObject delete(String id) throws Refusal {
        if (records.remove(id) == null) {
            throw new Refusal(404, 81044, "Record does not exist.");
        }
        var result = new JsonObject();
        result.addProperty("id", id);
        return result;
    }

    /// What the real API refuses and its schema lets pass.
    private static JsonObject check(JsonObject record) throws Refusal {
        String type = record.get("type").getAsString();
        int ttl = record.get("ttl").getAsInt();
        if (ttl != 1 && (ttl < 60 || ttl > 86400)) {
            throw new Refusal(400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds");
        }
        if (record.has("comment") && record.get("comment").getAsString().length() > 100) {
            throw new Refusal(400, 9300, "DNS record comment is too long");
        }
        JsonObject copy = record.deepCopy();
        if (type.equals("SRV")) {
            if (!record.has("data") || record.has("content")) {
                throw new Refusal(400, 1004, "DNS Validation Error: data is required");
            }
            JsonObject data = record.getAsJsonObject("data");
            copy.addProperty(
                    "content",
                    "%s %s %s"
                            .formatted(
                                    data.get("weight"),
                                    data.get("port"),
                                    data.get("target").getAsString()));
        } else if (!record.has("content")) {
            throw new Refusal(400, 9004, "Content is required");
        } else if (type.equals("TXT")
                && !record.get("content")
                        .getAsString()
                        .matches("\"([^\"\\\\]|\\\\.){0,1020}\"( \"([^\"\\\\]|\\\\.)*\")*")) {
            throw new Refusal(400, 9207, "TXT content is not quoted consistently");
        } else if (!type.equals("TXT") && record.get("proxied") == null) {
            throw new Refusal(400, 9003, "this fake wants proxied to be said");
        }
        return copy;
    }

    private void refuseClash(JsonObject record, String exceptId) throws Refusal {
        for (JsonObject each : records.values()) {
            boolean sameName = each.get("name").equals(record.get("name"));
            if (!sameName || each.get("id").getAsString().equals(exceptId)) {
                continue;
            }
            if (each.get("type").equals(record.get("type"))
                    && each.get("content").equals(record.get("content"))) {
                throw new Refusal(400, 81058, "An identical record already exists.");
            }
            if (each.get("type").getAsString().equals("CNAME")) {
                throw new Refusal(400, 81053, "A CNAME record already exists with that host.");
            }
        }
    }

    private JsonObject store(JsonObject record) {
        String id = "%032x".formatted(0xdef000 + nextId++);
        var json = new JsonObject();
        json.addProperty("id", id);
        json.addProperty("proxiable", true);
        json.addProperty("proxied", false);
        json.add("settings", new JsonObject());
        json.add("data", new JsonObject());
        json.add("meta", new JsonObject());
        json.add("tags", new JsonArray());
        json.addProperty("comment", "");
        json.addProperty("created_on", "2026-11-20T05:20:00.12345Z");
        json.addProperty("modified_on", "2026-11-20T05:20:00.12345Z");
        record.entrySet().forEach(each -> json.add(each.getKey(), each.getValue()));
        records.put(id, json);
        return json;
    }

    private JsonObject zone(String id) {
        return object(
                """
                {"id": "%s", "name": "%s", "status": "active", "type": "full",
                 "development_mode": 0, "owner": {}, "account": {"id": "acc", "name": "me"},
                 "meta": {}, "name_servers": ["bob.ns.example.com"],
                 "original_name_servers": null, "original_registrar": null,
                 "original_dnshost": null, "created_on": "2026-01-01T00:00:00Z",
                 "modified_on": "2026-01-01T00:00:00Z", "activated_on": null, "plan": {}}
                """
                        .formatted(id, zones.get(id)));
    }

    private static JsonArray array(JsonObject body, String key) {
        return body.has(key) ? body.getAsJsonArray(key) : new JsonArray();
    }

    static JsonObject object(String json) {
        return JsonParser.parseString(json).getAsJsonObject();
    }

    private static Response page(JsonArray result, int page, int size) {
        var body = envelope(result);
        body.add(
                "result_info",
                object(
                        "{\"page\": %d, \"per_page\": %d, \"count\": %d, \"total_count\": %d}"
                                .formatted(page, size, result.size(), result.size())));
        return Response.of(200, body.toString());
    }

    private static JsonObject envelope(JsonElement result) {
        var body = new JsonObject();
        body.addProperty("success", true);
        body.add("errors", new JsonArray());
        body.add("messages", new JsonArray());
        body.add("result", result);
        return body;
    }

    static Response success(JsonElement result) {
        return Response.of(200, envelope(result).toString());
    }

    static Response failure(int status, int code, String message) {
        var error = new JsonObject();
        error.addProperty("code", code);
        error.addProperty("message", message);
        var body = envelope(JsonNull.INSTANCE);
        body.addProperty("success", false);
        body.getAsJsonArray("errors").add(error);
        return Response.of(status, body.toString());
    }

    private static Map<String, String> query(String raw) {
        var query = new TreeMap<String, String>();
        if (raw != null) {
            for (String each : raw.split("&")) {
                int equals = each.indexOf('=');
                query.put(
                        URLDecoder.decode(each.substring(0, equals), StandardCharsets.UTF_8),
                        URLDecoder.decode(each.substring(equals + 1), StandardCharsets.UTF_8));
            }
        }
        return query;
    }

    private static final class Refusal extends Exception {
        private static final long serialVersionUID = 1;
        private final int status;
        private final int code;

        Refusal(int status, int code, String message) {
            super(message);
            this.status = status;
            this.code = code;
        }
    }
}
