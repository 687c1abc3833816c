package natt.core.doctor;

import natt.core.HostAndPort;
import natt.core.Text;
import natt.core.doctor.ServiceFacts.Answer;
import natt.core.doctor.ServiceFacts.Service;
import natt.core.forward.Greeting;
import natt.core.forward.TargetDialer;
import natt.core.io.Driver;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Connects to the services behind natts.
final class ServiceProbe {
    private static final long PATIENCE_SECONDS = 5;
    private static final Duration GREETING = Duration.ofSeconds(2);

    private final Driver driver;

    ServiceProbe(Driver driver) {
        this.driver = driver;
    }

    private record Result(Answer answer, String why) {}

    ServiceFacts dial(SortedMap<String, HostAndPort> services, boolean needed)
            throws InterruptedException {
        Map<String, CompletableFuture<Result>> dialed = new LinkedHashMap<>();
        services.forEach((name, target) -> dialed.put(name, dial(target, name.equals("ssh"))));
        var answers = new ArrayList<Service>();
        for (var each : dialed.entrySet()) {
            Result result = get(each.getValue());
            answers.add(
                    new Service(
                            each.getKey(),
                            Objects.requireNonNull(services.get(each.getKey())),
                            result.answer(),
                            result.why()));
        }
        return new ServiceFacts(answers, needed);
    }

    private static Result get(CompletableFuture<Result> future) throws InterruptedException {
        try {
            return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException silent) {
            return new Result(Answer.NONE, "no answer for %d s".formatted(PATIENCE_SECONDS));
        } catch (ExecutionException impossible) {
            throw new AssertionError("completed with a value only", impossible);
        }
    }

    private CompletableFuture<Result> dial(HostAndPort target, boolean greets) {
        var result = new CompletableFuture<Result>();
        driver.execute(
                () ->
                        new TargetDialer(driver, target)
                                .dial(
                                        new TargetDialer.Outcome() {
                                            @Override
                                            public void connected(SocketChannel channel) {
                                                if (greets) {
                                                    listen(channel, result);
                                                } else {
                                                    Driver.closeQuietly(channel);
                                                    result.complete(new Result(Answer.OPEN, ""));
                                                }
                                            }

                                            @Override
                                            public void failed(String why) {
                                                result.complete(
                                                        new Result(Answer.NONE, Text.escape(why)));
                                            }
                                        }));
        return result;
    }

    private void listen(SocketChannel channel, CompletableFuture<Result> result) {
        Greeting.await(
                driver,
                channel,
                GREETING,
                new Greeting.Outcome() {
                    @Override
                    public void ssh(ByteBuffer said) {
                        Driver.closeQuietly(channel);
                        result.complete(new Result(Answer.SSH, ""));
                    }

                    @Override
                    public void other() {
                        result.complete(new Result(Answer.OPEN, ""));
                    }

                    @Override
                    public void silent() {
                        result.complete(new Result(Answer.OPEN, ""));
                    }
                });
    }
}
