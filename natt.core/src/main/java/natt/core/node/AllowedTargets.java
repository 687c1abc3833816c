package natt.core.node;

import natt.core.HostAndPort;
import natt.core.ResetCode;
import natt.core.forward.TargetDialer;
import natt.core.forward.Turnstile;
import natt.core.io.Driver;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Whatever an [AllowList] allows, which may change.
final class AllowedTargets implements Targets {
    private final Driver driver;
    private final Map<String, String> environment;

    /// Of the services that the list names; strangers reach no others.
    private final Map<HostAndPort, Turnstile> turnstiles = new HashMap<>();

    private final Turnstile others = new Turnstile(SessionService.YOUNG);
    private AllowList list = AllowList.of();

    /// @param environment of commands
    AllowedTargets(Driver driver, Map<String, String> environment) {
        this.driver = driver;
        this.environment = Map.copyOf(environment);
    }

    void allow(AllowList allowed) {
        list = allowed;
        turnstiles.clear();
        allowed.services()
                .forEach(each -> turnstiles.put(each, new Turnstile(SessionService.YOUNG)));
    }

    AllowList list() {
        return list;
    }

    @Override
    public Answer find(String asked) {
        Optional<Target> target = Target.ofService(asked);
        if (target.isEmpty()) {
            return new Refused(ResetCode.NO_SUCH_SERVICE, "there is no such target");
        }
        if (!list.allows(target.get())) {
            return new Refused(ResetCode.NOT_ALLOWED, "--allow does not name it");
        }
        return switch (target.get()) {
            case Target.Tcp tcp -> {
                var where = new HostAndPort(tcp.host(), tcp.port());
                yield new Offered(
                        tcp.listName(),
                        new Tcp(new TargetDialer(driver, where)),
                        turnstiles.getOrDefault(where, others),
                        true);
            }
            case Target.Command command ->
                    new Offered(
                            command.listName(),
                            new Program(command.words(), environment),
                            others,
                            true);
        };
    }

    @Override
    public Collection<Turnstile> turnstiles() {
        List<Turnstile> all = new ArrayList<>(turnstiles.values());
        all.add(others);
        return all;
    }
}
