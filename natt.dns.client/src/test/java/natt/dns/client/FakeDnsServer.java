package natt.dns.client;

import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/// A DNS server on a loopback address, on UDP and TCP at one port, that answers as it is told.
final class FakeDnsServer implements AutoCloseable {
    /// What was asked.
    record Query(Message message, boolean tcp) {

        boolean wantsRecursion() {
            return message.getHeader().getFlag(Flags.RD);
        }

        /// A response to it, without records.
        Message answer() {
            var answer = new Message(message.getHeader().getID());
            answer.getHeader().setFlag(Flags.QR);
            answer.getHeader().setFlag(Flags.RA);
            answer.addRecord(message.getQuestion(), Section.QUESTION);
            return answer;
        }

        Message answer(Record... records) {
            Message answer = answer();
            for (Record each : records) {
                answer.addRecord(each, Section.ANSWER);
            }
            return answer;
        }

        Message error(int rcode) {
            Message answer = answer();
            answer.getHeader().setRcode(rcode);
            return answer;
        }
    }

    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private final Function<Query, List<byte[]>> behavior;
    private final List<Query> queries = new CopyOnWriteArrayList<>();

    /// Sends, for each query, whatever the behavior returns; over TCP only the first of it.
    FakeDnsServer(String address, int port, Function<Query, List<byte[]>> behavior)
            throws IOException {
        this.behavior = behavior;
        InetAddress host = InetAddress.ofLiteral(address);
        tcp = new ServerSocket(port, 10, host);
        udp = new DatagramSocket(new InetSocketAddress(host, tcp.getLocalPort()));
        Thread.ofVirtual().start(this::serveUdp);
        Thread.ofVirtual().start(this::serveTcp);
    }

    static FakeDnsServer answering(Function<Query, Message> behavior) throws IOException {
        return new FakeDnsServer("127.0.0.1", 0, query -> List.of(behavior.apply(query).toWire()));
    }

    InetSocketAddress address() {
        return (InetSocketAddress) udp.getLocalSocketAddress();
    }

    List<Query> queries() {
        return queries;
    }

    private void serveUdp() {
        try {
            var in = new DatagramPacket(new byte[2048], 2048);
            while (true) {
                in.setLength(2048);
                udp.receive(in);
                byte[] wire = java.util.Arrays.copyOf(in.getData(), in.getLength());
                for (byte[] out : respond(wire, false)) {
                    udp.send(new DatagramPacket(out, out.length, in.getSocketAddress()));
                }
            }
        } catch (SocketException _) {
            // Closed.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void serveTcp() {
        while (!tcp.isClosed()) {
            try (var socket = tcp.accept()) {
                var in = new DataInputStream(socket.getInputStream());
                byte[] wire = in.readNBytes(in.readUnsignedShort());
                var out = new DataOutputStream(socket.getOutputStream());
                byte[] response = respond(wire, true).getFirst();
                out.writeShort(response.length);
                out.write(response);
            } catch (IOException _) {
                // The client went away, or this server was closed.
            }
        }
    }

    private List<byte[]> respond(byte[] wire, boolean overTcp) throws IOException {
        var query = new Query(new Message(wire), overTcp);
        queries.add(query);
        return behavior.apply(query);
    }

    @Override
    public void close() {
        udp.close();
        try {
            tcp.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
