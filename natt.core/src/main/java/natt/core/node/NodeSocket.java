package natt.core.node;

import natt.core.Text;
import natt.core.status.OwnersSocket;
import natt.core.status.Report;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Gives connections to targets of peers to programs of the same user, in any language, over a
/// Unix domain socket.
///
/// The first line of a connection, at most 2048 bytes of UTF-8, is a request:
///
/// ```text
/// open PEER TARGET   answered by "ok", then the connection is the stream, in both directions,
///                    each of which ends by itself
/// status             answered by "ok" and a report, and the end
/// ```
///
/// What fails is answered by `error WHY`, one line, and the end.
public final class NodeSocket implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int LONGEST_REQUEST = 2048;
    private static final int MOST_REQUESTS = 64;
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Node node;
    private final OwnersSocket socket;

    private NodeSocket(Path path, Node node) throws IOException {
        this.node = node;
        socket = OwnersSocket.open(path, MOST_REQUESTS, new Requests());
    }

    /// Listens at a path, for the owner only.
    ///
    /// @throws IOException with one line for the user
    public static NodeSocket open(Path path, Node node) throws IOException {
        var socket = new NodeSocket(path, node);
        LOG.log(Level.INFO, "taking requests at {0}", socket.socket.path());
        return socket;
    }

    private final class Requests implements OwnersSocket.Service {
        @Override
        public void serve(SocketChannel client) {
            NodeSocket.this.serve(client);
        }

        @Override
        public void lost(IOException failed) {
            LOG.log(Level.WARNING, "no requests from now on: {0}", Client.reason(failed));
        }
    }

    private void serve(SocketChannel client) {
        var late = new CompletableFuture<Boolean>();
        late.completeOnTimeout(true, PATIENCE.toSeconds(), TimeUnit.SECONDS);
        try {
            var _ = late.thenAccept(overdue -> closeIf(overdue, client));
            var rest = ByteBuffer.allocate(LONGEST_REQUEST);
            String request = request(client, rest);
            late.complete(false);
            answer(client, request, rest);
        } catch (IOException gone) {
            late.complete(false);
            ControlCall.hangUp(client);
        }
    }

    private static void closeIf(boolean overdue, SocketChannel client) {
        if (overdue) {
            ControlCall.hangUp(client);
        }
    }

    /// Reads the first line.
    ///
    /// @param buffer left with what followed it
    private static String request(SocketChannel client, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining() && client.read(buffer) >= 0) {
            for (int i = 0; i < buffer.position(); i++) {
                if (buffer.get(i) == '\n') {
                    buffer.flip();
                    String line = decode(buffer.slice(0, i));
                    buffer.position(i + 1);
                    return line;
                }
            }
        }
        if (buffer.position() == 0) {
            throw new IOException("nothing was asked");
        }
        return "";
    }

    private static String decode(ByteBuffer bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException malformed) {
            return "";
        }
    }

    private void answer(SocketChannel client, String request, ByteBuffer rest) throws IOException {
        String[] words = request.split(" ", 3);
        if (words.length == 3 && words[0].equals("open")) {
            open(client, words[1], words[2], rest);
        } else if (request.equals("status")) {
            ControlCall.say(client, status());
            ControlCall.hangUp(client);
        } else {
            refuse(client, "the requests are 'open PEER TARGET' and 'status'");
        }
    }

    private void open(SocketChannel client, String peer, String target, ByteBuffer rest)
            throws IOException {
        try {
            node.carry(Peer.parse(peer), Target.parse(target), new ControlCall(client, rest));
        } catch (IllegalArgumentException wrong) {
            refuse(client, Client.reason(wrong));
        }
    }

    private static void refuse(SocketChannel client, String why) throws IOException {
        ControlCall.say(client, "error " + why + "\n");
        ControlCall.hangUp(client);
    }

    private String status() {
        try {
            Report report = node.report().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            return "ok\n" + report.toText();
        } catch (TimeoutException late) {
            return "error this node is too busy to tell\n";
        } catch (ExecutionException | InterruptedException failed) {
            LOG.log(Level.DEBUG, "no status: {0}", Text.escape(failed.toString()));
            return "error this node cannot tell\n";
        }
    }

    /// Stops listening and removes the file; connections that were opened stay.
    @Override
    public void close() {
        socket.close();
    }
}
