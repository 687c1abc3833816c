package natt.discovery.stun.proto;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;
import natt.core.Route;
import natt.core.spi.AddressDiscovery.BehaviorContext;
import natt.core.spi.AddressDiscovery.BehaviorDiscovery;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.AddressDiscovery.Observation;
import natt.discovery.stun.proto.BindingTransaction.Timing;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// NAT behavior discovery (RFC 5780), one test after the other:
///
/// 1. All servers are asked through the first socket. The one that speaks most of RFC 5780 is the
///    *helper* of what follows; without any, the first that has answered.
/// 2. Filtering (section 4.4): through the second socket, which has sent to nobody else, the
///    helper is asked to answer from elsewhere. Where there is one socket only, and it has sent
///    to where the answer would come from, filtering stays unknown.
/// 3. Mapping (section 4.3): through the first socket the helper's other address and ports are
///    asked. All answers to that socket count, so that several servers tell it as well.
/// 4. Ports: through each further socket the helper is asked, and, where the mapping depends on
///    the address, another one. What the filtering test has brought and the NAT has refused may
///    have taken a port away: its source is asked through the second socket.
/// 5. Hairpinning (section 4.5), from each of the first two sockets to the other's mapping, since
///    the NAT may filter there too.
/// 6. The mapping lifetime, if asked for; see [MappingLifetime].
///
/// Without the last one that takes less than 14 seconds, whatever the silence. A server says
/// where tests 3 and 5 send to; that is at most 20 datagrams of at most 28 bytes, to five
/// addresses.
public final class StunBehaviorDiscovery implements BehaviorDiscovery {
    private static final int MOST_SERVERS = 8;
    private static final int MOST_SAMPLES = 6;

    /// The sockets of tests 3 and 2; those after them are of test 4.
    private static final int BUSY_SOCKETS = 2;

    private final Questions questions;
    private final List<InetSocketAddress> servers;
    private final List<LocalSocket> sockets;
    private final Duration longestLifetime;
    private final List<Observation> seen = new ArrayList<>();

    /// What the first socket has sent to, and what was answered.
    private final Set<InetSocketAddress> asked = new HashSet<>();

    private final List<Question> ofMain = new ArrayList<>();

    /// What comes when all questions have ended; null when everything has.
    private @Nullable Step next = this::survey;

    private @Nullable Question fromOther;
    private @Nullable Question fromOtherPort;
    private @Nullable Question ofSecond;
    private @Nullable Question toRefused;
    private List<Question> firsts = List.of();
    private List<Question> seconds = List.of();
    private List<Question> hairpins = List.of();

    private Dependence mapping = Dependence.UNKNOWN;
    private Dependence filtering = Dependence.UNKNOWN;
    private PortAllocation ports = new PortAllocation.Unknown();
    private Optional<Boolean> hairpinning = Optional.empty();
    private Optional<Duration> mappingLifetime = Optional.empty();
    private boolean reported;

    private interface Step {
        void run(long nowNanos);
    }

    public StunBehaviorDiscovery(BehaviorContext context) {
        questions = new Questions(Timing.BEHAVIOR, context.random());
        List<InetSocketAddress> all = ServerSample.checked(context.servers());
        servers = all.stream().distinct().limit(MOST_SERVERS).toList();
        sockets = context.sockets();
        longestLifetime = context.longestLifetime();
        if (servers.isEmpty() || sockets.isEmpty()) {
            throw new IllegalArgumentException("behavior discovery needs a server and a socket");
        }
        boolean four = servers.stream().allMatch(s -> s.getAddress() instanceof Inet4Address);
        boolean routed = servers.stream().anyMatch(Route::isRoute);
        if (routed || !four && sockets.stream().anyMatch(each -> each.socket() != 0)) {
            throw new IllegalArgumentException("additional sockets send to IPv4 only: " + servers);
        }
        advance(context.nowNanos());
    }

    @Override
    public @Nullable NatBehavior pollBehavior() {
        if (next != null || !questions.allEnded() || reported) {
            return null;
        }
        reported = true;
        return found();
    }

    private NatBehavior found() {
        return new NatBehavior(
                mapping, filtering, ports, hairpinning, keepsUnsolicited(), mappingLifetime);
    }

    @Override
    public List<Observation> observations() {
        return List.copyOf(seen);
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        Question question = questions.handleDatagram(from, datagram, nowNanos);
        if (question == null) {
            return false;
        }
        question.observation().ifPresent(seen::add);
        advance(nowNanos);
        return true;
    }

    @Override
    public void handleTimeout(long nowNanos) {
        questions.handleTimeout(nowNanos);
        advance(nowNanos);
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        return questions.pollTransmit(into, nowNanos);
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return questions.nanosUntilTimeout(nowNanos);
    }

    private void advance(long nowNanos) {
        while (next != null && questions.allEnded()) {
            questions.clear();
            Step step = next;
            next = null;
            step.run(nowNanos);
        }
        questions.handleTimeout(nowNanos);
    }

    private static InetSocketAddress through(LocalSocket socket, InetSocketAddress remote) {
        return socket.socket() == 0 ? remote : Route.through(socket.socket(), remote);
    }

    private LocalSocket main() {
        return sockets.getFirst();
    }

    private void askThroughMain(List<InetSocketAddress> remotes, long nowNanos) {
        asked.addAll(remotes);
        List<InetSocketAddress> ways = remotes.stream().map(r -> through(main(), r)).toList();
        ofMain.addAll(questions.askInTurn(ways, nowNanos));
    }

    private void survey(long nowNanos) {
        askThroughMain(servers, nowNanos);
        next = this::explore;
    }

    /// A server may keep what it can do to itself until it is asked for it.
    private void explore(long nowNanos) {
        var quiet = new ArrayList<Question>();
        for (Question question : List.copyOf(ofMain)) {
            Question.Answer answer = question.answer();
            if (answer != null && answer.otherAddress().isEmpty()) {
                long start = nowNanos + quiet.size() * Questions.GAP_NANOS;
                quiet.add(questions.ask(question.to, 0, start));
            }
        }
        next = now -> chooseHelper(quiet, now);
    }

    private void chooseHelper(List<Question> explored, long nowNanos) {
        List<Question> all = new ArrayList<>(ofMain);
        all.addAll(explored);
        Helper helper =
                all.stream()
                        .flatMap(question -> helperOf(question).stream())
                        .max(Comparator.comparingInt(Helper::worth))
                        .orElse(null);
        if (helper != null) {
            testFiltering(helper, nowNanos);
        }
    }

    private Optional<Helper> helperOf(Question question) {
        return Optional.ofNullable(question.answer())
                .map(answer -> Helper.of(Route.remote(question.to), answer, servers));
    }

    private void testFiltering(Helper of, long nowNanos) {
        boolean fresh = sockets.size() > 1;
        InetSocketAddress from = through(sockets.get(fresh ? 1 : 0), of.address());
        int change = BindingRequest.CHANGE_PORT;
        if (of.changesPort() && (fresh || isUntouched(of.otherPort()))) {
            fromOtherPort = questions.ask(from, change, nowNanos);
        }
        change |= BindingRequest.CHANGE_ADDRESS;
        if (of.other() != null && (fresh || isUntouchedAddress(of.other()))) {
            fromOther = questions.ask(from, change, nowNanos);
        }
        next = now -> testMapping(of, now);
    }

    private boolean isUntouched(@Nullable InetSocketAddress remote) {
        return remote == null || !asked.contains(remote);
    }

    private boolean isUntouchedAddress(InetSocketAddress remote) {
        return asked.stream().noneMatch(each -> each.getAddress().equals(remote.getAddress()));
    }

    private void testMapping(Helper of, long nowNanos) {
        var more = new ArrayList<InetSocketAddress>();
        for (InetSocketAddress remote :
                new InetSocketAddress[] {of.otherAddress(), of.other(), of.otherPort()}) {
            if (remote != null && !asked.contains(remote)) {
                more.add(remote);
            }
        }
        askThroughMain(more, nowNanos);
        next = now -> testPorts(of, now);
    }

    private List<Observation> observed() {
        return ofMain.stream().map(Question::observation).flatMap(Optional::stream).toList();
    }

    /// All addresses and ports that have answered.
    private List<InetSocketAddress> alive() {
        return observed().stream().map(each -> Route.remote(each.server())).toList();
    }

    private boolean isAlive(@Nullable InetSocketAddress remote) {
        return remote != null && alive().contains(remote);
    }

    private void testPorts(Helper of, long nowNanos) {
        mapping = mapping(of);
        filtering = filtering(of);
        long start = nowNanos;
        if (sockets.size() > 1) {
            InetSocketAddress way = through(sockets.get(1), of.address());
            ofSecond = questions.ask(way, Question.PLAIN, nowNanos);
            InetSocketAddress refused = of.otherPort();
            boolean tells = mapping.most() != Dependence.ADDRESS_AND_PORT_DEPENDENT;
            if (tells && refused != null && isPortSilent() && isAlive(refused)) {
                start += Questions.GAP_NANOS;
                way = through(sockets.get(1), refused);
                toRefused = questions.ask(way, Question.PLAIN, start);
            }
        }
        boolean dependent = mapping.least() != Dependence.ENDPOINT_INDEPENDENT;
        InetSocketAddress another = dependent ? another(of) : null;
        firsts = new ArrayList<>();
        seconds = new ArrayList<>();
        int end = Math.min(sockets.size(), BUSY_SOCKETS + MOST_SAMPLES);
        for (int i = BUSY_SOCKETS; i < end; i++) {
            start += Questions.GAP_NANOS;
            LocalSocket socket = sockets.get(i);
            firsts.add(questions.ask(through(socket, of.address()), Question.PLAIN, start));
            if (another != null) {
                start += Questions.GAP_NANOS;
                seconds.add(questions.ask(through(socket, another), Question.PLAIN, start));
            }
        }
        next = now -> testHairpinning(of, now);
    }

    private boolean isPortSilent() {
        return fromOtherPort != null && fromOtherPort.isSilence();
    }

    private Optional<Boolean> keepsUnsolicited() {
        if (fromOtherPort != null && fromOtherPort.answer() != null) {
            return Optional.of(false);
        }
        Question.Answer before = ofSecond == null ? null : ofSecond.answer();
        Question.Answer after = toRefused == null ? null : toRefused.answer();
        return before == null || after == null
                ? Optional.empty()
                : Optional.of(!before.mapped().equals(after.mapped()));
    }

    /// A NAT may remember answers that the filtering test has brought and that it has let nobody
    /// have, and may then give who sends to their source another port (Linux does). So where that
    /// test had to use the same socket, those sources do not count against what the others say.
    private Dependence mapping(Helper of) {
        List<Observation> all = observed();
        if (sockets.size() == 1) {
            Dependence without =
                    MappingRule.of(all.stream().filter(each -> !isSource(of, each)).toList());
            if (without == Dependence.ENDPOINT_INDEPENDENT) {
                return without;
            }
        }
        return MappingRule.of(all);
    }

    private static boolean isSource(Helper of, Observation observation) {
        InetSocketAddress server = Route.remote(observation.server());
        return server.equals(of.other()) || server.equals(of.otherPort());
    }

    /// Another address than the helper's that answers.
    private @Nullable InetSocketAddress another(Helper of) {
        return alive().stream()
                .filter(each -> !each.getAddress().equals(of.address().getAddress()))
                .findFirst()
                .orElse(null);
    }

    /// Silence is the filter's only if what should have answered is there.
    private Dependence filtering(Helper of) {
        boolean portPasses = fromOtherPort != null && fromOtherPort.answer() != null;
        boolean portKept =
                fromOtherPort != null
                        && fromOtherPort.isSilence()
                        && (of.otherPort() == null || isAlive(of.otherPort()));
        if (fromOther != null && fromOther.answer() != null) {
            return Dependence.ENDPOINT_INDEPENDENT;
        }
        if (portKept) {
            return Dependence.ADDRESS_AND_PORT_DEPENDENT;
        }
        boolean addressKept = fromOther != null && fromOther.isSilence() && isAlive(of.other());
        if (portPasses) {
            return addressKept
                    ? Dependence.ADDRESS_DEPENDENT
                    : Dependence.AT_MOST_ADDRESS_DEPENDENT;
        }
        return addressKept ? Dependence.AT_LEAST_ADDRESS_DEPENDENT : Dependence.UNKNOWN;
    }

    private void testHairpinning(Helper of, long nowNanos) {
        ports = allocation();
        Question.Answer second = ofSecond == null ? null : ofSecond.answer();
        Question.Answer first =
                ofMain.stream()
                        .filter(each -> Route.remote(each.to).equals(of.address()))
                        .flatMap(each -> Optional.ofNullable(each.answer()).stream())
                        .findFirst()
                        .orElse(null);
        if (first != null && second != null) {
            LocalSocket other = sockets.get(1);
            hairpins =
                    List.of(
                            questions.hairpin(
                                    through(main(), second.mapped()), other.socket(), nowNanos),
                            questions.hairpin(
                                    through(other, first.mapped()), main().socket(), nowNanos));
        }
        next = now -> afterHairpinning(of, now);
    }

    private PortAllocation allocation() {
        if (firsts.size() < PortRule.LEAST_SAMPLES) {
            return mapping.least() == Dependence.ENDPOINT_INDEPENDENT
                    ? new PortAllocation.Unknown()
                    : PortRule.of(Arrays.stream(ports(ofMain)).distinct().toArray());
        }
        int[] mapped = ports(firsts);
        int[] local = new int[mapped.length];
        int count = 0;
        for (int i = 0; i < firsts.size(); i++) {
            if (firsts.get(i).answer() != null) {
                local[count++] = sockets.get(BUSY_SOCKETS + i).address().getPort();
            }
        }
        if (PortRule.preserves(local, mapped)) {
            // What a dependent mapping keeps for the first remote address it cannot for the next.
            return seconds.isEmpty()
                    ? new PortAllocation.Preserving()
                    : PortRule.of(ports(seconds));
        }
        var inTurn = new ArrayList<Question>();
        for (int i = 0; i < firsts.size(); i++) {
            inTurn.add(firsts.get(i));
            if (!seconds.isEmpty()) {
                inTurn.add(seconds.get(i));
            }
        }
        return PortRule.of(ports(inTurn));
    }

    private static int[] ports(List<Question> asked) {
        return asked.stream()
                .map(Question::observation)
                .flatMap(Optional::stream)
                .mapToInt(each -> each.mapped().getPort())
                .toArray();
    }

    private void afterHairpinning(Helper of, long nowNanos) {
        boolean arrived = hairpins.stream().anyMatch(Question::arrived);
        boolean certain = !hairpins.isEmpty() && mapping == Dependence.ENDPOINT_INDEPENDENT;
        // A mapping that depends on the remote address is another one for the other socket than
        // the one that was written to, so that silence says nothing.
        hairpinning = arrived || certain ? Optional.of(arrived) : Optional.empty();
        if (longestLifetime.isPositive()) {
            // Backwards, because the test of ports has just made mappings to the first ones.
            List<InetSocketAddress> remotes = alive().reversed();
            MappingLifetime lifetime =
                    MappingLifetime.begin(found(), of, remotes, sockets, longestLifetime);
            if (lifetime != null) {
                idle(lifetime, nowNanos);
            }
        }
    }

    private void idle(MappingLifetime of, long nowNanos) {
        of.open(questions, nowNanos);
        next =
                _ -> {
                    if (of.close(questions)) {
                        next = now -> judge(of, now);
                    }
                };
    }

    private void judge(MappingLifetime of, long nowNanos) {
        if (of.judge()) {
            idle(of, nowNanos);
            return;
        }
        mappingLifetime = of.found();
    }
}
