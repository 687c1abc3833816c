package natt.tun.device;

import natt.core.unix.Libc;
import natt.core.unix.UnixException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// Asks the kernel about its links, addresses and routes. It answers at once.
final class RouteSocket implements AutoCloseable {
    private static final int NETLINK_ROUTE = 0;
    private static final int ANSWER_BYTES = 65_536;
    private static final long LONGEST_MILLIS = 5_000;

    private final Libc libc;
    private final int socket;
    private int sequence;

    RouteSocket(Libc libc) throws UnixException {
        this.libc = libc;
        socket = libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW, NETLINK_ROUTE);
        libc.setReceiveTimeout(socket, LONGEST_MILLIS);
    }

    /// Has something changed.
    ///
    /// @param what for whoever reads the error
    void change(String what, Netlink request) throws IOException {
        ask(what, request, false);
    }

    /// Has a question answered.
    ///
    /// @return what follows the headers of the answers
    List<ByteBuffer> get(String what, Netlink request) throws IOException {
        return ask(what, request, false);
    }

    /// Has a question answered whose answer is a list.
    ///
    /// @return what follows the headers of the answers
    List<ByteBuffer> list(String what, Netlink request) throws IOException {
        return ask(what, request, true);
    }

    private List<ByteBuffer> ask(String what, Netlink request, boolean untilDone)
            throws IOException {
        libc.send(socket, request.message(++sequence), 0);
        var answers = new ArrayList<ByteBuffer>();
        for (; ; ) {
            ByteBuffer datagram = ByteBuffer.allocate(ANSWER_BYTES).order(ByteOrder.nativeOrder());
            libc.receive(socket, datagram, 0);
            datagram.flip();
            while (datagram.remaining() >= Netlink.HEADER_BYTES) {
                if (take(what, datagram, answers, untilDone)) {
                    return answers;
                }
            }
        }
    }

    /// @return whether this was the last message
    private boolean take(
            String what, ByteBuffer datagram, List<ByteBuffer> answers, boolean untilDone)
            throws IOException {
        int at = datagram.position();
        int length = datagram.getInt(at);
        int type = Short.toUnsignedInt(datagram.getShort(at + 4));
        boolean mine = datagram.getInt(at + 8) == sequence;
        if (length < Netlink.HEADER_BYTES || length > datagram.remaining()) {
            throw new IOException("netlink: an answer is cut off");
        }
        ByteBuffer payload =
                datagram.slice(at + Netlink.HEADER_BYTES, length - Netlink.HEADER_BYTES)
                        .order(ByteOrder.nativeOrder());
        datagram.position(Math.min(at + (length + 3 & ~3), datagram.limit()));
        if (!mine) {
            return false;
        }
        if (type == Netlink.NLMSG_ERROR) {
            int error = -payload.getInt(0);
            if (error != 0) {
                throw new UnixException(what, error, libc.text(error));
            }
            return true;
        }
        if (type == Netlink.NLMSG_DONE) {
            return true;
        }
        answers.add(payload);
        return !untilDone;
    }

    @Override
    public void close() {
        libc.close(socket);
    }
}
