package natt.dns.cloudflare;

import com.google.gson.JsonObject;

import natt.core.Text;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;
import natt.core.time.Ticker;

import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Connection;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Makes calls to the API, one at a time, and returns complete answers; what time may heal it
/// throws as [Kind#UNAVAILABLE].
///
/// The token goes to the configured host only: no redirect is followed. Each call runs on a
/// virtual thread, so that the caller's can be interrupted whatever the call waits for.
final class ApiClient implements AutoCloseable {
    /// Longer answers are not read.
    static final int ANSWER_LIMIT = 1 << 20;

    /// How long natt stays away if the service asks it to, but not for how long: so long the
    /// service blocks a token that was used too much.
    private static final Duration DEFAULT_PAUSE = Duration.ofMinutes(5);

    private static final Duration IDLE_CONNECTION = Duration.ofSeconds(30);
    private static final MediaType JSON = MediaType.get("application/json");

    private final CloudflareSettings settings;
    private final Ticker ticker;
    private final Throttle throttle = new Throttle();
    private final String host;
    private final ExecutorService threads;
    private final OkHttpClient http;

    ApiClient(CloudflareSettings settings, Ticker ticker) {
        this.settings = settings;
        this.ticker = ticker;
        HttpUrl url = settings.apiUrl();
        boolean usual = url.port() == HttpUrl.defaultPort(url.scheme());
        host = Text.escape(usual ? url.host() : url.host() + ":" + url.port());
        threads = Executors.newVirtualThreadPerTaskExecutor();
        http =
                new OkHttpClient.Builder()
                        .dispatcher(new Dispatcher(threads))
                        .connectionPool(
                                new ConnectionPool(
                                        1, IDLE_CONNECTION.toMillis(), TimeUnit.MILLISECONDS))
                        .connectTimeout(settings.connectTimeout())
                        .readTimeout(settings.callTimeout())
                        .writeTimeout(settings.callTimeout())
                        .callTimeout(settings.callTimeout())
                        .followRedirects(false)
                        .followSslRedirects(false)
                        .retryOnConnectionFailure(false)
                        .build();
    }

    /// Returns the API's host, for messages.
    String host() {
        return host;
    }

    /// Returns where the API lives, to add segments to.
    HttpUrl.Builder url() {
        return settings.apiUrl().newBuilder();
    }

    Reply get(HttpUrl url) throws PublishException, InterruptedException {
        return call("GET", url, null);
    }

    Reply send(String method, HttpUrl url, JsonObject body)
            throws PublishException, InterruptedException {
        return call(method, url, body);
    }

    Reply delete(HttpUrl url) throws PublishException, InterruptedException {
        return call("DELETE", url, null);
    }

    /// Returns what an answer lists. An answer that lists nothing at all, not even an empty
    /// list, must not pass for one.
    List<JsonObject> results(Reply reply) throws PublishException {
        Optional<List<JsonObject>> results = reply.results();
        if (results.isEmpty()) {
            throw notTheApi();
        }
        return results.get();
    }

    /// Breaks off a call that is under way.
    @Override
    public void close() {
        http.dispatcher().cancelAll();
        http.connectionPool().evictAll();
        threads.shutdown();
    }

    private Reply call(String method, HttpUrl url, @Nullable JsonObject body)
            throws PublishException, InterruptedException {
        Request request =
                new Request.Builder()
                        .url(url)
                        .header("Authorization", "Bearer " + settings.token().reveal())
                        .header("User-Agent", "natt")
                        .method(
                                method,
                                body == null
                                        ? null
                                        : RequestBody.create(
                                                body.toString().getBytes(StandardCharsets.UTF_8),
                                                JSON))
                        .build();
        var first = new Trace();
        Answer answer;
        try {
            answer = attempt(request, first);
        } catch (IOException e) {
            if (!first.foundDeadConnection(e)) {
                throw unreachable(e);
            }
            try {
                answer = attempt(request, new Trace());
            } catch (IOException again) {
                throw unreachable(again);
            }
        }
        return judge(answer);
    }

    /// Makes one attempt, if that is allowed now.
    private Answer attempt(Request request, Trace trace)
            throws IOException, PublishException, InterruptedException {
        long now = ticker.nanoTime();
        Optional<Duration> pause = throttle.paused(now);
        if (pause.isPresent()) {
            throw unavailable("%s asked not to be called for %s".formatted(host, s(pause)), pause);
        }
        Optional<Duration> wait = throttle.take(now);
        if (wait.isPresent()) {
            throw unavailable(
                    "natt calls %s at most %d times a minute, the next time in %s"
                            .formatted(host, Throttle.CALLS, s(wait)),
                    wait);
        }
        Call call = http.newBuilder().eventListener(trace).build().newCall(request);
        var answered = new CompletableFuture<Answer>();
        call.enqueue(new Reader(answered));
        try {
            // The call times itself, except while the system looks the host up.
            long limit = settings.callTimeout().plusSeconds(1).toMillis();
            return answered.get(limit, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw new AssertionError("a call ends with an answer or an IOException", e.getCause());
        } catch (TimeoutException e) {
            call.cancel();
            throw new InterruptedIOException("timeout");
        } catch (InterruptedException e) {
            call.cancel();
            throw e;
        }
    }

    private Reply judge(Answer answer) throws PublishException {
        int status = answer.status();
        Optional<JsonObject> envelope = answer.text().flatMap(Json::object);
        var reply = new Reply(status, envelope.orElseGet(JsonObject::new));
        if (reply.stale()) {
            return reply;
        }
        Optional<Duration> pause = answer.retryAfter();
        if (reply.throttled() || status >= 500) {
            pause = pause.map(each -> throttle.pause(each, ticker.nanoTime()));
        }
        if (reply.throttled()) {
            throw unavailable(
                    "%s takes no more calls for now (%s)".formatted(host, reply.describe()), pause);
        }
        if (status >= 500 || status == 408 || status == 409) {
            throw unavailable("%s has a problem (%s)".formatted(host, reply.describe()), pause);
        }
        if (status >= 300 && status < 400) {
            throw unavailable(
                    "%s answers with a redirect (%d), which is not followed"
                            .formatted(host, status),
                    Optional.empty());
        }
        if (answer.text().isEmpty()) {
            throw unavailable(
                    "%s sent more than %d bytes".formatted(host, ANSWER_LIMIT), Optional.empty());
        }
        if (status < 300 && !reply.isOfTheApi()) {
            throw notTheApi();
        }
        return reply;
    }

    private PublishException notTheApi() {
        return unavailable(
                "%s sent an answer that is not the API's".formatted(host), Optional.empty());
    }

    private PublishException unreachable(IOException e) {
        String why =
                switch (e) {
                    case UnknownHostException _ -> "its name cannot be resolved";
                    case InterruptedIOException _ -> "no answer in time";
                    default -> {
                        String said = e.getMessage();
                        yield said == null ? e.getClass().getSimpleName() : Text.escape(said);
                    }
                };
        return unavailable("cannot reach %s: %s".formatted(host, why), Optional.empty());
    }

    private static PublishException unavailable(String message, Optional<Duration> retryAfter) {
        return new PublishException(Kind.UNAVAILABLE, message, retryAfter);
    }

    private static String s(Optional<Duration> wait) {
        return wait.map(each -> each.plusMillis(999).toSeconds() + " s").orElse("");
    }

    /// What came back over HTTP.
    ///
    /// @param retryAfter for how long the service asked not to be called
    /// @param text of the body, empty if that was too long
    private record Answer(int status, Optional<Duration> retryAfter, Optional<String> text) {}

    /// Takes the answer in, on the call's thread.
    private record Reader(CompletableFuture<Answer> answered) implements Callback {
        @Override
        public void onFailure(Call call, IOException e) {
            answered.completeExceptionally(e);
        }

        @Override
        public void onResponse(Call call, Response response) {
            try (response) {
                var source = response.body().source();
                Optional<String> text = Optional.empty();
                if (!source.request(ANSWER_LIMIT + 1L)) {
                    text = Optional.of(source.readUtf8());
                }
                answered.complete(new Answer(response.code(), retryAfter(response), text));
            } catch (IOException e) {
                answered.completeExceptionally(e);
            }
        }

        /// Reads seconds or a date (RFC 9110, section 10.2.3). The date is compared with the
        /// service's own, so that a wrong clock on this machine does no harm.
        private static Optional<Duration> retryAfter(Response response) {
            String header = response.header("Retry-After");
            if (header == null) {
                return Optional.empty();
            }
            String text = header.strip();
            if (text.matches("[0-9]{1,9}")) {
                return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
            }
            Date until = response.headers().getDate("Retry-After");
            Date now = response.headers().getDate("Date");
            if (until == null || now == null) {
                return Optional.of(DEFAULT_PAUSE);
            }
            return Optional.of(Duration.ofMillis(Math.max(0, until.getTime() - now.getTime())));
        }
    }

    /// Tells whether a call used a connection that was kept from an earlier one.
    private static final class Trace extends EventListener {
        private volatile boolean connected;
        private volatile boolean acquired;
        private volatile boolean answered;

        @Override
        public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
            connected = true;
        }

        @Override
        public void connectionAcquired(Call call, Connection connection) {
            acquired = true;
        }

        @Override
        public void responseHeadersEnd(Call call, Response response) {
            answered = true;
        }

        /// Whether the service had closed the kept connection in the meantime, so that trying
        /// again at once on a new one is right.
        boolean foundDeadConnection(IOException e) {
            return acquired && !connected && !answered && !(e instanceof InterruptedIOException);
        }
    }
}
