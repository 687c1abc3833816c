package natt.core.node;

import natt.core.HostAndPort;
import natt.core.ResetCode;
import natt.core.forward.TargetDialer;
import natt.core.forward.Turnstile;
import natt.core.io.Driver;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/// TCP services by names of their own.
final class NamedTargets implements Targets {
    private final Map<String, Offered> services = new LinkedHashMap<>();

    NamedTargets(Driver driver, Map<String, HostAndPort> targets) {
        new TreeMap<>(targets)
                .forEach(
                        (name, target) ->
                                services.put(
                                        name,
                                        new Offered(
                                                name,
                                                new Tcp(new TargetDialer(driver, target)),
                                                new Turnstile(SessionService.YOUNG),
                                                false)));
    }

    @Override
    public Answer find(String asked) {
        Offered offered = services.get(asked);
        return offered == null
                ? new Refused(ResetCode.NO_SUCH_SERVICE, "there is no such service")
                : offered;
    }

    @Override
    public Collection<Turnstile> turnstiles() {
        return services.values().stream().map(Offered::turnstile).toList();
    }
}
