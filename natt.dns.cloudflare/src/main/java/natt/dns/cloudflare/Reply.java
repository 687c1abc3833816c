package natt.dns.cloudflare;

import com.google.gson.JsonObject;

import natt.core.Text;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/// A complete answer of the API, whether it did what was asked or says why not.
///
/// @param status of HTTP
/// @param body the envelope; empty if there was none
record Reply(int status, JsonObject body) {
    /// A record with this id is gone.
    static final int GONE = 81_044;

    /// A record like this exists already.
    static final Set<Integer> EXISTS = Set.of(81_057, 81_058);

    /// Too many calls; a code below 1000 in spite of the API's own schema.
    static final int THROTTLED = 971;

    /// The token is malformed, unknown or without the rights, whatever the status.
    private static final Set<Integer> CREDENTIALS =
            Set.of(1_000, 6_003, 6_111, 9_103, 9_106, 9_107, 9_109, 10_000, 10_001);

    /// @param message as the service wrote it
    record ApiError(long code, String message) {}

    /// Whether this has the form of an answer; one to a deletion may have a result only.
    boolean isOfTheApi() {
        return body.has("success") || body.has("result");
    }

    boolean ok() {
        return status >= 200 && status < 300 && Json.isTrue(body, "success");
    }

    /// Whether our picture of the zone's records is out of date.
    boolean stale() {
        return !ok()
                && errors().stream()
                        .anyMatch(
                                each -> each.code() == GONE || EXISTS.contains((int) each.code()));
    }

    boolean gone() {
        return !ok() && errors().stream().anyMatch(each -> each.code() == GONE);
    }

    boolean throttled() {
        return status == 429 || errors().stream().anyMatch(each -> each.code() == THROTTLED);
    }

    boolean refusesToken() {
        return status == 401
                || status == 403
                || status >= 400
                        && status < 500
                        && errors().stream()
                                .anyMatch(each -> CREDENTIALS.contains((int) each.code()));
    }

    List<ApiError> errors() {
        return Json.objects(Json.array(body, "errors")).stream()
                .map(
                        each ->
                                new ApiError(
                                        Json.integer(each, "code").orElse(0),
                                        Json.string(each, "message").orElse("")))
                .toList();
    }

    Optional<List<JsonObject>> results() {
        return Json.array(body, "result").map(each -> Json.objects(Optional.of(each)));
    }

    Optional<JsonObject> result() {
        return Json.object(body, "result");
    }

    OptionalLong totalPages() {
        return Json.object(body, "result_info")
                .map(each -> Json.integer(each, "total_pages"))
                .orElse(OptionalLong.empty());
    }

    /// Status and errors for a person: `403, 10000: Authentication error`.
    String describe() {
        String said =
                errors().stream()
                        .limit(2)
                        .map(each -> "%d: %s".formatted(each.code(), each.message()))
                        .collect(Collectors.joining("; "));
        return said.isEmpty() ? "" + status : "%d, %s".formatted(status, Text.escape(said));
    }
}
