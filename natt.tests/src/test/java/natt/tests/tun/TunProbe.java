package natt.tests.tun;

import natt.core.io.Driver;
import natt.core.keys.AddressPrefix;
import natt.core.time.Ticker;
import natt.core.unix.PacketFile;
import natt.core.unix.Privileges;
import natt.tun.device.TunAddress;
import natt.tun.device.TunConfig;
import natt.tun.device.TunDevice;
import natt.tun.device.TunFile;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;

/// A program that does with TUN devices what its arguments say, one after the other, in a network
/// namespace of its own; [TunDeviceTests] reads what it prints.
final class TunProbe {
    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ICMPV6 = 58;
    private static final int TRANSFERRED = 8_000_000;

    private final Deque<TunDevice> devices = new ArrayDeque<>();
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private final long before;
    private Driver driver;
    private TunFile file;

    private TunProbe() throws IOException {
        // Java keeps one of its own after its first socket.
        new DatagramSocket().close();
        before = descriptors();
    }

    public static void main(String[] steps) throws Exception {
        var probe = new TunProbe();
        for (String step : steps) {
            int colon = step.indexOf(':');
            String verb = colon < 0 ? step : step.substring(0, colon);
            probe.step(verb, step.substring(colon + 1));
        }
    }

    private void step(String verb, String argument) throws Exception {
        switch (verb) {
            case "drop" -> Privileges.drop(Set.of());
            case "keep" -> Privileges.drop(Set.of(Privileges.Capability.NET_ADMIN));
            case "open" -> open(argument, true);
            case "plain" -> open(argument, false);
            case "echo" -> echo();
            case "sh" -> run(argument);
            case "ask" -> ask(argument);
            case "transfer" -> transfer(argument);
            case "rights" -> rights();
            case "counters" -> System.out.println(counters());
            case "failure" -> System.out.println("failure: " + failure.get());
            case "close" -> devices.pop().close();
            case "left" -> left();
            case "die" -> Runtime.getRuntime().halt(7);
            default -> throw new IllegalArgumentException(verb);
        }
    }

    private static TunConfig config(String name, boolean offloads) {
        return new TunConfig(
                name,
                List.of(
                        TunAddress.toPeer(
                                InetAddress.ofLiteral("10.10.0.1"),
                                InetAddress.ofLiteral("10.10.0.2")),
                        TunAddress.inPrefix(InetAddress.ofLiteral("fd00:1::1"), 64),
                        TunAddress.toPeer(
                                InetAddress.ofLiteral("fd00:3::1"),
                                InetAddress.ofLiteral("fd00:3::2"))),
                1_420,
                List.of(AddressPrefix.parse("10.99.0.0/16"), AddressPrefix.parse("fd00:2::/48")),
                offloads);
    }

    private void open(String name, boolean offloads) {
        try {
            TunDevice device = TunDevice.open(config(name, offloads));
            devices.push(device);
            System.out.printf(
                    "%s %s, MTU %d, %s%n",
                    device.isMade() ? "made" : "joined",
                    device.name(),
                    device.mtu(),
                    device.needsPrivilegeToClose() ? "has added" : "has nothing added");
            device.warning().ifPresent(System.out::println);
        } catch (IOException failed) {
            System.out.println("failed: " + failed.getMessage());
        }
    }

    /// Answers pings and UDP datagrams on the device that was opened last.
    private void echo() throws IOException {
        driver = new Driver(Ticker.system(), "probe-driver").start();
        file =
                devices.element()
                        .start(
                                driver,
                                new PacketFile.Receiver() {
                                    @Override
                                    public void packet(ByteBuffer packet, long nowNanos) {
                                        answer(packet.slice());
                                    }

                                    @Override
                                    public void failed(IOException why) {
                                        failure.complete(why.getMessage());
                                    }
                                });
    }

    private void answer(ByteBuffer packet) {
        if (packet.get(0) >> 4 == 4 && packet.get(9) == ICMP && packet.get(20) == 8) {
            int source = packet.getInt(12);
            packet.putInt(12, packet.getInt(16)).putInt(16, source).put(20, (byte) 0);
            add(packet, 22, 0x800);
        } else if (packet.get(0) >> 4 == 6 && packet.get(6) == ICMPV6 && packet.get(40) == -128) {
            var source = new byte[16];
            var destination = new byte[16];
            packet.get(8, source).get(24, destination).put(8, destination).put(24, source);
            packet.put(40, (byte) 129);
            add(packet, 42, 0xffff - 0x100);
        } else if (packet.get(0) >> 4 == 4 && packet.get(9) == TCP) {
            // What this machine sends to the address of the peer comes back from there to a
            // server of its own.
            int source = packet.getInt(12);
            packet.putInt(12, packet.getInt(16)).putInt(16, source);
        } else if (packet.get(0) >> 4 == 4 && packet.get(9) == UDP) {
            // What changes places leaves the checksums as they are.
            int source = packet.getInt(12);
            packet.putInt(12, packet.getInt(16)).putInt(16, source);
            short port = packet.getShort(20);
            packet.putShort(20, packet.getShort(22)).putShort(22, port);
        } else {
            return;
        }
        file.write(packet);
    }

    /// Adds to a checksum, in one's complement.
    private static void add(ByteBuffer packet, int at, int more) {
        int sum = Short.toUnsignedInt(packet.getShort(at)) + more;
        packet.putShort(at, (short) (sum + (sum >> 16)));
    }

    /// Sends a datagram and waits for its echo.
    private static void ask(String address) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(InetAddress.ofLiteral(address), 7));
            socket.send(new DatagramPacket(new byte[1_000], 1_000));
            var answer = new DatagramPacket(new byte[2_000], 2_000);
            socket.receive(answer);
            System.out.println(address + " answers " + answer.getLength() + " bytes");
        }
    }

    /// Sends much by TCP from an address of the device to that of the peer, which is the same.
    private void transfer(String addresses) throws Exception {
        String[] fromTo = addresses.split(" ");
        PacketFile.Counters before = counted();
        String result = sendThrough(fromTo[0], fromTo[1]);
        long reads = counted().read() - before.read();
        boolean few = reads < TRANSFERRED / devices.element().mtu() / 2;
        System.out.printf("%s, %s reads%n", result, few ? "few" : "many");
    }

    private static String sendThrough(String from, String to) throws Exception {
        var content = new byte[TRANSFERRED];
        new Random(1).nextBytes(content);
        try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral(from));
                var client = new Socket(InetAddress.ofLiteral(to), server.getLocalPort());
                var accepted = server.accept()) {
            var got = new FutureTask<>(() -> accepted.getInputStream().readNBytes(TRANSFERRED));
            Thread.ofVirtual().start(got);
            client.getOutputStream().write(content);
            return Arrays.equals(content, got.get()) ? "as it was" : "broken";
        }
    }

    private PacketFile.Counters counted() throws Exception {
        var counters = new FutureTask<>(() -> file.counters());
        driver.execute(counters);
        return counters.get();
    }

    private String counters() throws Exception {
        return counted().toString();
    }

    private static void run(String command) throws Exception {
        Process process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
        System.out.print(new String(process.getInputStream().readAllBytes()));
        process.waitFor();
    }

    /// What threads may do that are started now, and what they cannot.
    private void rights() throws Exception {
        var onDriver = new CompletableFuture<String>();
        try (var started = new Driver(Ticker.system(), "late-driver").start()) {
            started.execute(() -> onDriver.complete(rightsOfThread()));
            System.out.println("driver " + onDriver.get());
        }
        var onPlatform = new FutureTask<>(TunProbe::rightsOfThread);
        Thread.ofPlatform().start(onPlatform);
        System.out.println("platform " + onPlatform.get());
        var onVirtual = new FutureTask<>(TunProbe::rightsOfThread);
        Thread.ofVirtual().start(onVirtual);
        System.out.println("virtual " + onVirtual.get());
    }

    private static String rightsOfThread() {
        try {
            String effective =
                    Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                            .filter(line -> line.startsWith("CapEff:"))
                            .findFirst()
                            .orElseThrow();
            return effective.replace("\t", " ") + ", " + makesDevice();
        } catch (IOException failed) {
            return failed.toString();
        }
    }

    private static String makesDevice() {
        try (var device = TunDevice.open(config("natt9", true))) {
            return "makes " + device.name();
        } catch (IOException failed) {
            return failed.getMessage().replaceAll(":.*", "");
        }
    }

    /// What of packet files is left: their threads, and descriptors of devices and sockets.
    private void left() throws IOException {
        long threads =
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().startsWith("natt-"))
                        .count();
        System.out.printf("left: %d threads, %d descriptors%n", threads, descriptors() - before);
    }

    private static long descriptors() throws IOException {
        long count = 0;
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            for (Path each : open.toList()) {
                String target = target(each);
                count += target.contains("/net/tun") || target.contains("socket:") ? 1 : 0;
            }
        }
        return count;
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException closed) {
            return "";
        }
    }
}
