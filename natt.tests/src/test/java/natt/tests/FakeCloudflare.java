package natt.tests;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// As much of Cloudflare's API as a publisher needs, in front of a real DNS server: what is
/// written here goes into the laboratory's zone by dynamic update (RFC 2136). A process of its
/// own, since it has to run inside the laboratory: `FakeCloudflare ADDRESS PORT`.
public final class FakeCloudflare {
    static final String TOKEN = "lab-token-0123456789";

    private static final String ZONE = "lab.test";
    private static final String ZONE_ID = "023e105f4ecef8ad9ca31a8372d0c353";
    private static final String PREFIX = "/client/v4";

    /// The key and secret are those of the laboratory's own documentation.
    private static final String UPDATE_KEY =
            "hmac-sha256:lab-key:bmF0bGFiLXNlY3JldC1rZXktMzItYnl0ZXMtbG9uZyE=";

    private final Map<String, JsonObject> records = new LinkedHashMap<>();
    private final String dnsServer;
    private int lastId;

    private FakeCloudflare(String dnsServer) {
        this.dnsServer = dnsServer;
    }

    public static void main(String[] args) throws IOException {
        var address = new InetSocketAddress(args[0], Integer.parseInt(args[1]));
        var api = new FakeCloudflare(args[0]);
        HttpServer server = HttpServer.create(address, 10);
        server.createContext("/", api::handle);
        server.start();
        System.out.println("ready " + address);
    }

    private synchronized void handle(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        String line = exchange.getRequestMethod() + " " + exchange.getRequestURI();
        System.out.println(line + " " + body);
        JsonObject answer;
        int status = 200;
        String authorization = exchange.getRequestHeaders().getFirst("Authorization");
        if (!("Bearer " + TOKEN).equals(authorization)) {
            status = 403;
            answer = error(10_000, "Authentication error");
        } else {
            JsonElement result = serve(exchange, body);
            answer = result == null ? error(7_003, "Could not route") : success(result);
            status = result == null ? 404 : 200;
        }
        byte[] bytes = answer.toString().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private JsonElement serve(HttpExchange exchange, String body) {
        String path = exchange.getRequestURI().getPath();
        Map<String, String> query = query(exchange.getRequestURI().getRawQuery());
        String all = PREFIX + "/zones/" + ZONE_ID + "/dns_records";
        JsonObject json =
                body.isEmpty() ? new JsonObject() : JsonParser.parseString(body).getAsJsonObject();
        String method = exchange.getRequestMethod();
        if (path.equals(PREFIX + "/zones")) {
            return zones(query.get("name"));
        }
        if (path.equals(all)) {
            return method.equals("POST") ? add(json) : list(query);
        }
        if (path.equals(all + "/batch")) {
            return batch(json);
        }
        if (path.startsWith(all + "/")) {
            String id = path.substring(all.length() + 1);
            return method.equals("DELETE") ? delete(id) : change(id, json);
        }
        return null;
    }

    private static JsonElement zones(String name) {
        var found = new JsonArray();
        if (ZONE.equals(name)) {
            var zone = new JsonObject();
            zone.addProperty("id", ZONE_ID);
            zone.addProperty("name", ZONE);
            found.add(zone);
        }
        return found;
    }

    private JsonElement list(Map<String, String> query) {
        var found = new JsonArray();
        String name = query.getOrDefault("name.exact", query.get("name"));
        String type = query.get("type");
        for (JsonObject each : records.values()) {
            boolean named = name == null || each.get("name").getAsString().equals(name);
            boolean typed = type == null || each.get("type").getAsString().equals(type);
            if (named && typed) {
                found.add(each);
            }
        }
        return found;
    }

    private JsonElement batch(JsonObject json) {
        var result = new JsonObject();
        for (String part : List.of("deletes", "patches", "posts")) {
            var done = new JsonArray();
            if (json.has(part)) {
                for (JsonElement each : json.getAsJsonArray(part)) {
                    JsonObject one = each.getAsJsonObject();
                    done.add(
                            switch (part) {
                                case "deletes" -> delete(one.get("id").getAsString());
                                case "patches" -> change(one.get("id").getAsString(), one);
                                default -> add(one);
                            });
                }
            }
            result.add(part, done);
        }
        return result;
    }

    private JsonObject add(JsonObject json) {
        String id = "%032x".formatted(++lastId);
        JsonObject made = json.deepCopy();
        made.addProperty("id", id);
        records.put(id, made);
        publish(made);
        return made;
    }

    private JsonObject change(String id, JsonObject json) {
        JsonObject changed = records.get(id);
        json.entrySet().forEach(entry -> changed.add(entry.getKey(), entry.getValue()));
        publish(changed);
        return changed;
    }

    private JsonObject delete(String id) {
        JsonObject gone = records.remove(id);
        publish(gone);
        return gone;
    }

    /// Makes the zone's record set that of the records with this one's name and type.
    private void publish(JsonObject like) {
        String name = like.get("name").getAsString();
        String type = like.get("type").getAsString();
        var script = new StringBuilder();
        script.append("server %s 53\nzone %s.\n".formatted(dnsServer, ZONE));
        script.append("del %s. %s\n".formatted(name, type));
        for (JsonObject each : records.values()) {
            if (each.get("name").getAsString().equals(name)
                    && each.get("type").getAsString().equals(type)) {
                script.append(
                        "add %s. %d %s %s\n"
                                .formatted(name, each.get("ttl").getAsInt(), type, content(each)));
            }
        }
        script.append("send\n");
        System.out.print(
                Programs.mustRun(
                        List.of("knsupdate", "-y", UPDATE_KEY), Map.of(), script.toString()));
    }

    /// In the form of a zone file.
    private static String content(JsonObject json) {
        if (!json.has("data")) {
            return json.get("content").getAsString();
        }
        JsonObject srv = json.getAsJsonObject("data");
        return "%d %d %d %s."
                .formatted(
                        srv.get("priority").getAsInt(),
                        srv.get("weight").getAsInt(),
                        srv.get("port").getAsInt(),
                        srv.get("target").getAsString());
    }

    private static JsonObject success(JsonElement result) {
        var json = new JsonObject();
        json.addProperty("success", true);
        json.add("errors", new JsonArray());
        json.add("messages", new JsonArray());
        json.add("result", result);
        if (result.isJsonArray()) {
            var info = new JsonObject();
            info.addProperty("page", 1);
            info.addProperty("total_pages", 1);
            info.addProperty("count", result.getAsJsonArray().size());
            info.addProperty("total_count", result.getAsJsonArray().size());
            json.add("result_info", info);
        }
        return json;
    }

    private static JsonObject error(int code, String message) {
        var error = new JsonObject();
        error.addProperty("code", code);
        error.addProperty("message", message);
        var errors = new JsonArray();
        errors.add(error);
        var json = new JsonObject();
        json.addProperty("success", false);
        json.add("errors", errors);
        json.add("result", null);
        return json;
    }

    private static Map<String, String> query(String raw) {
        var query = new HashMap<String, String>();
        if (raw != null) {
            for (String each : raw.split("&")) {
                String[] pair = each.split("=", 2);
                query.put(
                        URLDecoder.decode(pair[0], StandardCharsets.UTF_8),
                        URLDecoder.decode(pair[1], StandardCharsets.UTF_8));
            }
        }
        return query;
    }
}
