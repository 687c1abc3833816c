package natt.core.node;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.node.Reachability.Family;
import natt.core.publish.SpecialPurpose;
import natt.core.spi.PortMapper;
import natt.core.spi.PortMapper.Mapper;
import natt.core.spi.PortMapper.News;
import natt.core.spi.PortMapper.Nonce;

import org.jspecify.annotations.Nullable;

import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;

/// The mapping of a port on the gateway, as far as it may be published: when the STUN servers see
/// the gateway's outside address, there is no further NAT behind it.
///
/// Used on the driver's thread, but for [#close].
final class PortMapping implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    /// As RFC 6886, section 3.3, recommends at most: what a killed process leaves behind.
    private static final Duration LIFETIME = Duration.ofHours(1);

    private final PortMapper.Request request;
    private final PortMapper provider;
    private final Executor driver;
    private final List<Reachability> reachabilities;
    private final boolean publishPrivate;
    private final Runnable onChange;
    private final Map<Family, News.Mapped> mapped = new EnumMap<>(Family.class);
    private final Map<Family, String> warned = new EnumMap<>(Family.class);
    /// What the STUN servers saw when it was last looked at.
    private final @Nullable InetAddress[] seen;

    private List<InetSocketAddress> addresses = List.of();
    private String state = "asking the gateway";
    private volatile @Nullable Mapper mapper;

    /// @param local the port
    /// @param driver runs on the driver's thread
    /// @param reachabilities tell what the STUN servers see
    /// @param onChange called when other addresses are to be published
    PortMapping(
            PortMapper provider,
            InetSocketAddress local,
            Identity identity,
            Executor driver,
            List<Reachability> reachabilities,
            boolean publishPrivate,
            Runnable onChange) {
        this.provider = provider;
        this.driver = driver;
        this.reachabilities = List.copyOf(reachabilities);
        this.publishPrivate = publishPrivate;
        this.onChange = onChange;
        seen = new InetAddress[reachabilities.size()];
        request =
                new PortMapper.Request(
                        local.getAddress(),
                        local.getPort(),
                        LIFETIME,
                        nonce(identity, local.getPort()));
    }

    /// From the node's key, so that a killed process finds its mapping again, by way of a one-way
    /// function of what nobody else can compute.
    static Nonce nonce(Identity identity, int port) {
        try {
            MessageDigest hash = MessageDigest.getInstance("SHA-256");
            hash.update("natt port mapping nonce".getBytes(StandardCharsets.US_ASCII));
            hash.update(identity.agree(identity.publicKey()));
            hash.update(ByteBuffer.allocate(4).putInt(port).flip());
            var bits = ByteBuffer.wrap(hash.digest());
            return new Nonce(bits.getInt(), bits.getLong());
        } catch (NoSuchAlgorithmException | InvalidKeyException impossible) {
            throw new AssertionError("every JDK has SHA-256, and a key agrees", impossible);
        }
    }

    void start() {
        mapper = provider.open(request, news -> driver.execute(() -> take(news)));
    }

    /// What may be published.
    List<InetSocketAddress> addresses() {
        return addresses;
    }

    /// How it is, for a person.
    List<String> report() {
        var lines = new ArrayList<String>();
        mapped.forEach(
                (family, each) ->
                        lines.add(describe(each) + (warned.containsKey(family) ? ", unused" : "")));
        return lines.isEmpty() ? List.of(state) : lines;
    }

    private static String describe(News.Mapped each) {
        String lifetime =
                each.lifetime().isZero()
                        ? "until removed"
                        : "for %d s".formatted(each.lifetime().toSeconds());
        return "%s by %s, %s".formatted(format(each), each.protocol(), lifetime);
    }

    private static String format(News.Mapped each) {
        return HostAndPort.format(each.external());
    }

    private void take(News news) {
        switch (news) {
            case News.Mapped each -> {
                mapped.put(Family.of(each.external().getAddress()), each);
                LOG.log(
                        Level.INFO,
                        "the gateway maps {0} to this port ({1})",
                        format(each),
                        each.protocol());
            }
            case News.Lost(var external, var why) -> {
                mapped.remove(Family.of(external.getAddress()));
                state = "lost: " + why;
                LOG.log(
                        Level.INFO,
                        "the mapping of {0} on the gateway is lost: {1}",
                        HostAndPort.format(external),
                        why);
            }
            case News.Unavailable(var answers) -> {
                List<String> said =
                        answers.stream().map(each -> each.protocol() + ": " + each.said()).toList();
                state = "none (" + String.join("; ", said) + ")";
                LOG.log(Level.DEBUG, "no port mapping: {0}", String.join("; ", said));
            }
        }
        decide();
    }

    /// Looks whether the STUN servers have said more. Cheap.
    void review() {
        boolean changed = false;
        for (int i = 0; i < seen.length; i++) {
            InetAddress now = reachabilities.get(i).seen();
            changed |= now != seen[i];
            seen[i] = now;
        }
        if (changed && !mapped.isEmpty()) {
            decide();
        }
    }

    private void decide() {
        var now = new ArrayList<InetSocketAddress>();
        mapped.forEach(
                (family, each) -> {
                    if (isOfUse(family, each)) {
                        now.add(each.external());
                    }
                });
        if (!now.equals(addresses)) {
            addresses = List.copyOf(now);
            onChange.run();
        }
    }

    private boolean isOfUse(Family family, News.Mapped each) {
        InetAddress external = each.external().getAddress();
        Optional<InetAddress> sees = seen(family);
        boolean isPrivate = SpecialPurpose.includes(external);
        boolean same = sees.isPresent() && sees.get().equals(external);
        if (publishPrivate || same && !isPrivate) {
            warned.remove(family);
            return true;
        }
        if (isPrivate || sees.isPresent()) {
            String instead =
                    sees.map(address -> ", and the STUN servers see " + address.getHostAddress())
                            .orElse("");
            warn(family, format(each), instead);
        }
        return false;
    }

    private Optional<InetAddress> seen(Family family) {
        return reachabilities.stream()
                .filter(each -> each.family() == family)
                .findFirst()
                .map(Reachability::seen);
    }

    private void warn(Family family, String external, String instead) {
        String words =
                "the gateway maps "
                        + external
                        + instead
                        + ": there is another NAT behind it, which its mapping does not pass; it is"
                        + " not published";
        if (!words.equals(warned.put(family, words))) {
            LOG.log(Level.WARNING, "{0}", words);
        }
    }

    /// Withdraws the mapping; returns within a second. Any thread.
    @Override
    public void close() {
        Mapper open = mapper;
        if (open != null) {
            open.close();
        }
    }
}
