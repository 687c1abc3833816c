package natt.tests.lab;

import natt.core.HostAndPort;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.io.SharedPort;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.AddressDiscovery.ResponderContext;
import natt.core.spi.AddressDiscovery.Sample;
import natt.core.spi.AddressDiscovery.SampleContext;
import natt.core.spi.Engine;
import natt.core.time.Ticker;
import natt.core.unix.Privileges;
import natt.discovery.stun.StunDiscovery;

import org.jspecify.annotations.Nullable;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A process of [SharedPortLabTests]: natt on a port, alone and answering STUN (`alone PORT`), or
/// beside a program that owns the port (`shared PORT MARK SERVER...`). It tells what each receives
/// and does what standard input says.
final class SharedPortHost {
    private static final HexFormat HEX = HexFormat.of();

    private SharedPortHost() {}

    public static void main(String[] arguments) throws Exception {
        int number = Integer.parseInt(arguments[1]);
        AddressDiscovery stun = new StunDiscovery();
        if (arguments[0].equals("alone")) {
            try (var driver = new Driver(Ticker.system(), "alone")) {
                Port port = driver.openPort(any(number));
                var context = new ResponderContext(List.of(), new SecureRandom());
                serve(driver, port, stun, stun.openResponder(context).orElseThrow());
            }
            return;
        }
        List<InetSocketAddress> servers =
                Arrays.stream(arguments).skip(3).map(SharedPortHost::address).toList();
        try (var owner = new DatagramSocket(any(number));
                var driver = new Driver(Ticker.system(), "shared")) {
            Thread.ofPlatform().daemon().start(() -> tellOf(owner));
            SharedPort shared;
            try {
                shared = SharedPort.open(number, servers, Integer.parseInt(arguments[2]));
            } catch (IOException failed) {
                System.out.println("failed: " + failed.getMessage());
                return;
            }
            Privileges.drop(Set.of());
            serve(driver, driver.openSharedPort(shared), stun, null);
        }
    }

    private static InetSocketAddress any(int port) {
        return new InetSocketAddress(InetAddress.ofLiteral("::"), port);
    }

    private static InetSocketAddress address(String text) {
        var parsed = HostAndPort.parse(text);
        return new InetSocketAddress(InetAddress.ofLiteral(parsed.host()), parsed.port());
    }

    private static void tellOf(DatagramSocket owner) {
        var packet = new DatagramPacket(new byte[2048], 2048);
        try {
            while (true) {
                owner.receive(packet);
                byte[] data = Arrays.copyOf(packet.getData(), packet.getLength());
                tell("owner", data, (InetSocketAddress) packet.getSocketAddress());
            }
        } catch (SocketException _) {
            // Closed.
        } catch (IOException failed) {
            System.out.println("owner: " + failed);
        }
    }

    private static void tell(String who, byte[] data, InetSocketAddress from) {
        String text = data.length > 64 ? data.length + " bytes" : HEX.formatHex(data);
        System.out.println(who + " <" + text + "> from " + HostAndPort.format(from));
    }

    private static void serve(
            Driver driver, Port port, AddressDiscovery stun, @Nullable Engine first)
            throws IOException {
        var talk = new Talk(stun);
        var engines = new ArrayList<Engine>();
        Optional.ofNullable(first).ifPresent(engines::add);
        engines.add(talk);
        port.attach(engines, talk);
        System.out.println("ready on " + HostAndPort.format(port.local()));
        driver.start();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            driver.execute(() -> obey(words, talk, driver, port));
        }
    }

    private static void obey(String[] words, Talk talk, Driver driver, Port port) {
        switch (words[0]) {
            case "send" -> talk.send(address(words[1]), bytes(words[2]));
            case "ask" -> talk.ask(address(words[1]), driver.nanoTime());
            case "whole" -> keepWhole(port);
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    /// A number of bytes of a natt message, or those that are written.
    private static byte[] bytes(String text) {
        if (text.startsWith("x")) {
            var data = new byte[Integer.parseInt(text.substring(1))];
            if (data.length > 0) {
                data[0] = (byte) 0x93;
            }
            return data;
        }
        return HEX.parseHex(text);
    }

    private static void keepWhole(Port port) {
        try {
            port.keepWhole();
        } catch (IOException failed) {
            System.out.println("failed: " + failed.getMessage());
        }
    }

    /// Sends what it is told to, asks a server, and tells what else comes.
    private static final class Talk implements Engine, Port.Owner {
        private record Datagram(InetSocketAddress to, byte[] data) {}

        private final AddressDiscovery stun;
        private final ArrayDeque<Datagram> waiting = new ArrayDeque<>();
        private @Nullable Sample sample;

        private Talk(AddressDiscovery stun) {
            this.stun = stun;
        }

        void send(InetSocketAddress to, byte[] data) {
            waiting.add(new Datagram(to, data));
        }

        void ask(InetSocketAddress server, long nowNanos) {
            var context = new SampleContext(List.of(server), nowNanos, new SecureRandom());
            sample = stun.openSample(context).orElseThrow();
        }

        @Override
        public long afterInput(long nowNanos) {
            if (sample != null && sample.isDone()) {
                System.out.println(
                        sample.observations().stream()
                                .map(each -> "mapped " + HostAndPort.format(each.mapped()))
                                .findFirst()
                                .orElse("no answer"));
                sample = null;
            }
            return NEVER;
        }

        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            int start = datagram.position();
            if (sample != null && sample.handleDatagram(from, datagram, nowNanos)) {
                return true;
            }
            var data = new byte[datagram.position(start).remaining()];
            datagram.get(data);
            tell("natt", data, from);
            return true;
        }

        @Override
        public void handleTimeout(long nowNanos) {
            if (sample != null) {
                sample.handleTimeout(nowNanos);
            }
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            if (sample != null) {
                InetSocketAddress to = sample.pollTransmit(into, nowNanos);
                if (to != null) {
                    return to;
                }
            }
            Datagram next = waiting.poll();
            if (next == null) {
                return null;
            }
            into.put(next.data);
            return next.to;
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return sample == null ? NEVER : sample.nanosUntilTimeout(nowNanos);
        }
    }
}
