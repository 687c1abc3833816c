package natt.tun.device;

import natt.core.keys.AddressPrefix;
import natt.core.unix.Errors;
import natt.core.unix.UnixException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Makes a device what is wanted, and knows what it has changed and what it was not allowed to.
final class Arrangement {
    private final TunConfig config;
    private final int index;
    private final boolean made;
    private final RouteMessages.Link before;
    private final List<TunAddress> present = new ArrayList<>();
    private final List<TunAddress> addedAddresses = new ArrayList<>();
    private final List<AddressPrefix> addedRoutes = new ArrayList<>();
    private final List<String> differences = new ArrayList<>();
    private final List<String> commands = new ArrayList<>();
    private final RouteMessages.Link link;
    private boolean setMtu;
    private boolean setUp;

    /// @param made whether the device is new, so that everything must succeed
    /// @throws IOException with one line for the user
    Arrangement(TunConfig config, RouteSocket routes, boolean made) throws IOException {
        this.config = config;
        this.made = made;
        before = here(routes);
        index = before.index();
        try {
            arrange(routes);
            link = here(routes);
        } catch (IOException failed) {
            undo(routes);
            throw failed;
        }
    }

    /// What the kernel knows of a device of this name.
    static Optional<RouteMessages.Link> link(RouteSocket routes, String name) throws IOException {
        try {
            return routes.get("the device " + name, RouteMessages.getLink(name)).stream()
                    .findFirst()
                    .flatMap(RouteMessages::link);
        } catch (UnixException missing) {
            if (missing.errno() == Errors.ENODEV) {
                return Optional.empty();
            }
            throw missing;
        }
    }

    private RouteMessages.Link here(RouteSocket routes) throws IOException {
        return link(routes, config.name())
                .orElseThrow(() -> new IOException("the device " + config.name() + " has gone"));
    }

    private void arrange(RouteSocket routes) throws IOException {
        String name = config.name();
        if (made) {
            keepQuiet(routes);
        }
        // Before the kernel adds its own as the device comes up.
        present.addAll(addressesOfDevice(routes));
        if (before.mtu() != config.mtu()) {
            setMtu =
                    change(
                            routes,
                            RouteMessages.setMtu(index, config.mtu()),
                            "its MTU is %d, not %d".formatted(before.mtu(), config.mtu()),
                            "ip link set dev %s mtu %d".formatted(name, config.mtu()));
        }
        // Before the addresses: the kernel gives the other end of an IPv6 address that is there
        // before no route.
        if (!before.up()) {
            setUp =
                    change(
                            routes,
                            RouteMessages.setUp(index),
                            "it is down",
                            "ip link set dev " + name + " up");
        }
        arrangeAddresses(routes);
        arrangeRoutes(routes);
    }

    private void keepQuiet(RouteSocket routes) throws IOException {
        try {
            routes.change("no own address", RouteMessages.setNoOwnAddress(index));
        } catch (UnixException withoutIpv6) {
            // Then there is nothing to keep quiet.
        }
    }

    private List<TunAddress> addressesOfDevice(RouteSocket routes) throws IOException {
        var found = new ArrayList<TunAddress>();
        for (ByteBuffer each : routes.list("addresses", RouteMessages.getAddresses())) {
            RouteMessages.address(each, index).ifPresent(found::add);
        }
        return found;
    }

    private void arrangeAddresses(RouteSocket routes) throws IOException {
        for (TunAddress wanted : config.addresses()) {
            if (present.stream().noneMatch(each -> serves(each, wanted))) {
                String command = "ip addr add " + wanted + " dev " + config.name();
                if (change(
                        routes,
                        RouteMessages.addAddress(index, wanted),
                        "it has no address " + wanted,
                        command)) {
                    addedAddresses.add(wanted);
                }
            }
        }
        for (TunAddress each : present) {
            if (!each.local().isLinkLocalAddress() && !isWanted(each)) {
                differences.add("it also has the address " + each);
                commands.add("ip addr del " + each + " dev " + config.name());
            }
        }
    }

    private boolean isWanted(TunAddress present) {
        return config.addresses().stream().anyMatch(each -> each.local().equals(present.local()));
    }

    /// Whether what an administrator has given the device leads to all that is wanted.
    private static boolean serves(TunAddress present, TunAddress wanted) {
        return present.local().equals(wanted.local()) && covers(present.prefix(), wanted.prefix());
    }

    private static boolean covers(AddressPrefix wide, AddressPrefix narrow) {
        return wide.length() <= narrow.length() && wide.contains(narrow.network());
    }

    private void arrangeRoutes(RouteSocket routes) throws IOException {
        if (config.routes().isEmpty()) {
            return;
        }
        List<AddressPrefix> present = routesOfDevice(routes);
        for (AddressPrefix wanted : config.routes()) {
            if (!present.contains(wanted)) {
                addRoute(routes, wanted);
            }
        }
    }

    private List<AddressPrefix> routesOfDevice(RouteSocket routes) throws IOException {
        var present = new ArrayList<AddressPrefix>();
        for (ByteBuffer each : routes.list("routes", RouteMessages.getRoutes())) {
            RouteMessages.route(each, index).ifPresent(present::add);
        }
        return present;
    }

    private void addRoute(RouteSocket routes, AddressPrefix wanted) throws IOException {
        String name = config.name();
        try {
            if (change(
                    routes,
                    RouteMessages.addRoute(index, wanted),
                    "there is no route to " + wanted + " by it",
                    "ip route add " + wanted + " dev " + name)) {
                addedRoutes.add(wanted);
            }
        } catch (UnixException failed) {
            throw new IOException(
                    switch (failed.errno()) {
                        case Errors.EEXIST ->
                                "there is a route to " + wanted + " by another device";
                        case Errors.ENETDOWN ->
                                "no route to " + wanted + ": the device " + name + " is down";
                        default -> "no route to " + wanted + ": " + failed.getMessage();
                    },
                    failed);
        }
    }

    /// @param difference what is wrong without this change
    /// @param command with which an administrator would make it
    /// @return whether the change was allowed
    private boolean change(RouteSocket routes, Netlink request, String difference, String command)
            throws IOException {
        try {
            routes.change(command, request);
            return true;
        } catch (UnixException failed) {
            if (failed.errno() == Errors.EPERM && !made) {
                differences.add(difference);
                commands.add(command);
                return false;
            }
            // The kernel's word for a family that is switched off.
            if (failed.errno() == Errors.EACCES) {
                throw new IOException(
                        command
                                + ": IPv6 is switched off (sysctl net.ipv6.conf."
                                + config.name()
                                + ".disable_ipv6)",
                        failed);
            }
            throw failed;
        }
    }

    RouteMessages.Link link() {
        return link;
    }

    Optional<String> warning() {
        if (differences.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                "the device %s is not as wanted: %s; an administrator can run: %s"
                        .formatted(
                                config.name(),
                                String.join(", ", differences),
                                String.join("; ", commands)));
    }

    /// Whether something stays other than it was if nobody undoes it.
    boolean hasChanged() {
        return !made && (setMtu || setUp || !addedAddresses.isEmpty() || !addedRoutes.isEmpty());
    }

    /// Makes a device that stays what it was before, as far as that is allowed.
    void undo(RouteSocket routes) {
        if (!hasChanged()) {
            return;
        }
        for (AddressPrefix each : addedRoutes.reversed()) {
            attempt(routes, RouteMessages.removeRoute(index, each));
        }
        for (TunAddress each : addedAddresses.reversed()) {
            attempt(routes, RouteMessages.removeAddress(index, each));
        }
        addedRoutes.clear();
        addedAddresses.clear();
        if (setUp) {
            setDown(routes);
        }
        if (setMtu) {
            attempt(routes, RouteMessages.setMtu(index, before.mtu()));
        }
        setUp = false;
        setMtu = false;
    }

    /// The kernel takes the IPv6 addresses from a device that goes down, also those that it had
    /// before it came up.
    private void setDown(RouteSocket routes) {
        List<TunAddress> kept = new ArrayList<>(present);
        try {
            kept.retainAll(addressesOfDevice(routes));
        } catch (IOException unknown) {
            // Then all of them are as they were.
        }
        attempt(routes, RouteMessages.setDown(index));
        for (TunAddress each : kept) {
            if (each.isIpv6()) {
                attempt(routes, RouteMessages.addAddress(index, each));
            }
        }
    }

    private static void attempt(RouteSocket routes, Netlink request) {
        try {
            routes.change("undo", request);
        } catch (IOException gone) {
            // It is not there any more, or is not ours to change any more.
        }
    }
}
