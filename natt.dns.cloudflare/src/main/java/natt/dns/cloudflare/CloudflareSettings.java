package natt.dns.cloudflare;

import natt.core.Secret;
import natt.core.Text;
import natt.core.spi.Settings;

import okhttp3.HttpUrl;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// @param token an API token with Zone:Read and DNS:Edit on the zone, secret `token`
/// @param apiUrl setting `api-url`; the token is sent to this host and no other
/// @param zoneId the zone, setting `zone-id`; empty to look for it by name
/// @param connectTimeout for the connection to one address of the host
/// @param callTimeout for a whole call, from the look-up of the host to the answer's end
record CloudflareSettings(
        Secret token,
        HttpUrl apiUrl,
        Optional<String> zoneId,
        Duration connectTimeout,
        Duration callTimeout) {
    static final String ID = "cloudflare";

    private static final String PUBLIC_API = "https://api.cloudflare.com/client/v4";
    private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]+");

    static CloudflareSettings of(Settings settings) {
        settings.requireKnown(ID, Set.of("token", "api-url", "zone-id"));
        if (settings.value("token").isPresent()) {
            throw new IllegalArgumentException("the setting 'token' must be given as a secret");
        }
        String token =
                settings.secret("token")
                        .map(each -> each.reveal().strip())
                        .filter(each -> !each.isEmpty())
                        .orElseThrow(
                                () ->
                                        new IllegalArgumentException(
                                                "the DNS provider 'cloudflare' needs the secret"
                                                        + " 'token'"));
        if (!TOKEN.matcher(token).matches()) {
            throw new IllegalArgumentException(
                    "the secret 'token' holds characters that no API token has");
        }
        Optional<String> zoneId = settings.value("zone-id").map(String::strip);
        if (zoneId.isPresent() && !RemoteRecord.isId(zoneId.get())) {
            throw new IllegalArgumentException(
                    "the setting 'zone-id' is not the id of a zone: " + Text.escape(zoneId.get()));
        }
        return new CloudflareSettings(
                new Secret(token),
                apiUrl(settings.value("api-url").orElse(PUBLIC_API)),
                zoneId,
                Duration.ofSeconds(5),
                Duration.ofSeconds(20));
    }

    CloudflareSettings withTimeouts(Duration connect, Duration call) {
        return new CloudflareSettings(token, apiUrl, zoneId, connect, call);
    }

    private static HttpUrl apiUrl(String text) {
        HttpUrl url = HttpUrl.parse(text.strip());
        if (url == null
                || !url.username().isEmpty()
                || !url.password().isEmpty()
                || url.query() != null
                || url.fragment() != null) {
            throw new IllegalArgumentException(
                    "the setting 'api-url' is not an http or https URL without user, query and"
                            + " fragment");
        }
        return url;
    }
}
