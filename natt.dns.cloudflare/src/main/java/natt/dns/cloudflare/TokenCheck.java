package natt.dns.cloudflare;

import com.google.gson.JsonObject;

import natt.core.Text;
import natt.core.spi.DnsProvider.PublishException;

import okhttp3.HttpUrl;

import java.util.Optional;

/// Asks the service about the token, without writing. It is advice: a token may be good that the
/// service says nothing about, as one that belongs to an account.
final class TokenCheck {
    private final ApiClient api;

    TokenCheck(ApiClient api) {
        this.api = api;
    }

    /// What is known of the token, in a clause.
    ///
    /// @throws PublishException if it is good for nothing
    String examine() throws PublishException, InterruptedException {
        HttpUrl url = api.url().addPathSegments("user/tokens/verify").build();
        Reply reply = api.get(url);
        Optional<JsonObject> result = reply.ok() ? reply.result() : Optional.empty();
        Optional<String> status = result.flatMap(each -> Json.string(each, "status"));
        if (status.isEmpty()) {
            return "the token";
        }
        if (!status.get().equals("active")) {
            throw ZoneFinder.refused(
                    "%s says that the token is %s"
                            .formatted(api.host(), Text.escape(status.get())));
        }
        return result.flatMap(each -> Json.string(each, "expires_on"))
                .map(end -> "the token is active until %s and".formatted(Text.escape(end)))
                .orElse("the token is active and");
    }
}
