package natt.discovery.portmap.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.SplittableRandom;

class HttpReplyTests {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 500 Internal\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 500 Internal\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 500 x\ncontent-length:5\n\nhello",
            })
    void anAnswerIsWholeAtItsOwnEnd(String answer) {
        byte[] bytes = answer.getBytes(StandardCharsets.ISO_8859_1);
        var reply = new HttpReply();
        for (int i = 0; i < bytes.length; i++) {
            assertEquals(Optional.empty(), reply.status());
            assertEquals(i < bytes.length - 1, reply.offer(new byte[] {bytes[i]}, 1));
        }
        assertEquals(Optional.of(500), reply.status());
        assertEquals("hello", reply.body());
    }

    @Test
    void withoutALengthItEndsWithTheConnection() {
        HttpReply reply = read("HTTP/1.0 200 OK\r\n\r\nhello");
        assertEquals(Optional.empty(), reply.status());
        reply.end();
        assertEquals(Optional.of(200), reply.status());
        assertEquals("hello", reply.body());
    }

    @Test
    void anAnswerThatIsCutIsNone() {
        HttpReply reply = read("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello");
        reply.end();
        assertEquals(Optional.empty(), reply.status());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SSH-2.0-x\r\n\r\n",
                "HTTP/1.1 20 OK\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            })
    void whatIsMalformedOrTooLongIsNoneAtOnce(String answer) {
        byte[] bytes = answer.getBytes(StandardCharsets.ISO_8859_1);
        var reply = new HttpReply();
        assertFalse(reply.offer(bytes, bytes.length));
        assertEquals(Optional.empty(), reply.status());
    }

    @Test
    void headAndBodyAreBounded() {
        var endless = new HttpReply();
        byte[] piece = "x".repeat(1_000).getBytes(StandardCharsets.US_ASCII);
        int pieces = 0;
        while (endless.offer(piece, piece.length)) {
            pieces++;
        }
        assertEquals(8, pieces);
        HttpReply body = read("HTTP/1.1 200 OK\r\n\r\n");
        pieces = 0;
        while (body.offer(piece, piece.length)) {
            pieces++;
        }
        assertEquals(65, pieces);
        assertEquals(Optional.empty(), body.status());
    }

    @Test
    void randomAnswersNeverThrow() {
        String[] pieces = {
            "HTTP/1.1 200 OK\r\n",
            "Content-Length: 3\r\n",
            "\r\n",
            "\n",
            "x",
            "3\r\n",
            "0\r\n",
            "Transfer-Encoding: chunked\r\n",
            ":",
            "HTTP/1.1 100 x\r\n\r\n",
            "\0",
            "abc"
        };
        var random = new SplittableRandom(10);
        for (int i = 0; i < 100_000; i++) {
            var reply = new HttpReply();
            boolean more = true;
            for (int n = random.nextInt(12); n > 0; n--) {
                byte[] bytes =
                        pieces[random.nextInt(pieces.length)].getBytes(StandardCharsets.US_ASCII);
                more = reply.offer(bytes, bytes.length) && more;
            }
            assertTrue(!more || reply.status().isEmpty());
            reply.end();
        }
    }

    private static HttpReply read(String answer) {
        byte[] bytes = answer.getBytes(StandardCharsets.ISO_8859_1);
        var reply = new HttpReply();
        assertTrue(reply.offer(bytes, bytes.length));
        return reply;
    }
}
