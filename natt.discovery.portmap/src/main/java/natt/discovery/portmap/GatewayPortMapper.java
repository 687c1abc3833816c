package natt.discovery.portmap;

import natt.core.spi.PortMapper;
import natt.core.time.Ticker;
import natt.discovery.portmap.proto.Pcp;
import natt.discovery.portmap.proto.Ssdp;

import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/// Maps ports by PCP, NAT-PMP or UPnP, whichever the default gateway speaks, in this order; for
/// IPv6 by PCP, which opens the gateway's firewall.
public final class GatewayPortMapper implements PortMapper {
    private static final String ID = "portmap";
    private static final String PCP = "PCP";
    private static final String PCP_SIX = "PCP over IPv6";

    /// Any: where only questions are asked, nothing is mapped.
    private static final int NO_PORT = 1;

    private final Function<InetAddress, Optional<Gateway>> ipv4;
    private final Function<InetAddress, Optional<Gateway>> ipv6;
    private final int pcpPort;
    private final int ssdpPort;
    private final Keeper.Pace pace;
    private final Ticker ticker = Ticker.system();

    public GatewayPortMapper() {
        this(Gateways::ipv4, Gateways::ipv6, Pcp.PORT, Ssdp.PORT, Keeper.Pace.USUAL);
    }

    /// @param ipv4 finds the gateway for a port bound to an address
    /// @param ipv6 the same
    /// @param pcpPort where a gateway is asked for PCP and NAT-PMP
    /// @param ssdpPort where it is searched for UPnP
    GatewayPortMapper(
            Function<InetAddress, Optional<Gateway>> ipv4,
            Function<InetAddress, Optional<Gateway>> ipv6,
            int pcpPort,
            int ssdpPort,
            Keeper.Pace pace) {
        this.ipv4 = ipv4;
        this.ipv6 = ipv6;
        this.pcpPort = pcpPort;
        this.ssdpPort = ssdpPort;
        this.pace = pace;
    }

    @Override
    public String id() {
        return ID;
    }

    @Override
    public Mapper open(Request request, Consumer<News> news) {
        var mapper = new KeptMapper(news);
        mapper.add(keeper(request, PCP, ipv4, mapper::tell));
        // A machine without IPv6 is common: only what works is news.
        mapper.add(
                keeper(
                        request,
                        PCP_SIX,
                        ipv6,
                        each -> {
                            if (!(each instanceof News.Unavailable)) {
                                mapper.tell(each);
                            }
                        }));
        mapper.start();
        return mapper;
    }

    private Keeper keeper(
            Request request,
            String pcp,
            Function<InetAddress, Optional<Gateway>> gateways,
            Consumer<News> news) {
        return new Keeper(
                "portmap " + pcp,
                () -> gateways.apply(request.bound()),
                () -> protocols(pcp, request.port(), request.nonce()),
                request.port(),
                request.lifetime(),
                pace,
                ticker,
                news);
    }

    private List<Protocol> protocols(String pcp, int port, Nonce nonce) {
        var all = new ArrayList<Protocol>();
        all.add(new PcpProtocol(pcp, pcpPort, port, nonce, ticker));
        if (pcp.equals(PCP)) {
            all.add(new NatPmpProtocol(pcpPort, port, ticker));
            all.add(new UpnpProtocol(ssdpPort, port, new SecureRandom(), ticker));
        }
        return all;
    }

    @Override
    public List<Answer> probe(Duration patience) throws InterruptedException {
        var questions = new ArrayList<Callable<Answer>>();
        var names = new ArrayList<String>();
        InetAddress any = InetAddress.ofLiteral("::");
        ipv4.apply(any).ifPresent(gateway -> ask(gateway, PCP, questions, names));
        ipv6.apply(any).ifPresent(gateway -> ask(gateway, PCP_SIX, questions, names));
        var answers = new ArrayList<Answer>();
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        try {
            var asked = threads.invokeAll(questions, patience.toNanos(), TimeUnit.NANOSECONDS);
            for (int i = 0; i < asked.size(); i++) {
                try {
                    answers.add(asked.get(i).get());
                } catch (ExecutionException | CancellationException late) {
                    answers.add(new Answer(names.get(i), false, "no answer"));
                }
            }
        } finally {
            threads.shutdownNow();
        }
        return answers;
    }

    private void ask(
            Gateway gateway, String pcp, List<Callable<Answer>> questions, List<String> names) {
        for (Protocol each : protocols(pcp, NO_PORT, new Nonce(0, 0))) {
            boolean askable = gateway.address().isPresent() || each instanceof UpnpProtocol;
            names.add(each.name());
            questions.add(
                    askable
                            ? () -> each.probe(gateway)
                            : () ->
                                    new Answer(
                                            each.name(),
                                            false,
                                            "this system does not tell its default gateway"));
        }
    }

    /// The keepers of both families as one.
    private static final class KeptMapper implements Mapper {
        private final List<Keeper> keepers = new ArrayList<>();
        private final Consumer<News> news;
        private boolean closed;

        KeptMapper(Consumer<News> news) {
            this.news = news;
        }

        void add(Keeper keeper) {
            keepers.add(keeper);
        }

        void start() {
            keepers.forEach(Keeper::start);
        }

        synchronized void tell(News each) {
            if (!closed) {
                news.accept(each);
            }
        }

        @Override
        public void close() {
            synchronized (this) {
                closed = true;
            }
            keepers.forEach(Keeper::stop);
            try {
                for (Keeper each : keepers) {
                    each.awaitEnd();
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
