package natt.discovery.portmap.proto;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Reads one answer of HTTP/1.1 (RFC 9112) as it comes: a length, chunks, or up to the end.
public final class HttpReply {
    private static final int LONGEST_HEAD = 8 << 10;
    private static final int LONGEST_LINE = 64;

    private enum State {
        HEAD,
        LENGTH,
        TO_THE_END,
        CHUNK_SIZE,
        CHUNK,
        CHUNK_END,
        TRAILER,
        COMPLETE,
        MALFORMED
    }

    private final StringBuilder line = new StringBuilder();
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private State state = State.HEAD;
    private int status;
    private int left;

    public HttpReply() {}

    /// Takes bytes as they come.
    ///
    /// @return whether more are needed
    public boolean offer(byte[] bytes, int length) {
        for (int i = 0; i < length && !isOver(); i++) {
            take(bytes[i]);
        }
        return !isOver();
    }

    /// The connection has ended.
    public void end() {
        if (!isOver()) {
            state = state == State.TO_THE_END ? State.COMPLETE : State.MALFORMED;
        }
    }

    private boolean isOver() {
        return state == State.COMPLETE || state == State.MALFORMED;
    }

    /// The status, if the answer is whole.
    public Optional<Integer> status() {
        return state == State.COMPLETE ? Optional.of(status) : Optional.empty();
    }

    public String body() {
        return body.toString(StandardCharsets.UTF_8);
    }

    private void take(byte b) {
        switch (state) {
            case HEAD -> head(b);
            case LENGTH -> {
                store(b);
                if (--left == 0 && state == State.LENGTH) {
                    state = State.COMPLETE;
                }
            }
            case TO_THE_END -> store(b);
            case CHUNK_SIZE -> {
                if (endsLine(b, LONGEST_LINE)) {
                    chunk(line.toString().trim());
                    line.setLength(0);
                }
            }
            case CHUNK -> {
                store(b);
                if (--left == 0 && state == State.CHUNK) {
                    state = State.CHUNK_END;
                }
            }
            case CHUNK_END -> {
                if (endsLine(b, LONGEST_LINE)) {
                    state = line.toString().trim().isEmpty() ? State.CHUNK_SIZE : State.MALFORMED;
                    line.setLength(0);
                }
            }
            case TRAILER -> {
                if (endsLine(b, LONGEST_HEAD)) {
                    boolean last = line.toString().trim().isEmpty();
                    state = last ? State.COMPLETE : State.TRAILER;
                    line.setLength(0);
                }
            }
            case COMPLETE, MALFORMED -> throw new AssertionError("nothing is read after the end");
        }
    }

    private void store(byte b) {
        if (body.size() == XmlElement.LONGEST) {
            state = State.MALFORMED;
        } else {
            body.write(b);
        }
    }

    /// Collects a line; whether this is its end.
    private boolean endsLine(byte b, int longest) {
        if (b == '\n') {
            return true;
        }
        if (line.length() == longest) {
            state = State.MALFORMED;
        } else {
            line.append((char) (b & 0xff));
        }
        return false;
    }

    private void head(byte b) {
        if (line.length() == LONGEST_HEAD) {
            state = State.MALFORMED;
            return;
        }
        line.append((char) (b & 0xff));
        int length = line.length();
        boolean over = b == '\n' && (endsWith("\r\n\r\n", length) || endsWith("\n\n", length));
        if (over) {
            List<String> lines = line.toString().lines().toList();
            line.setLength(0);
            begin(lines);
        }
    }

    private boolean endsWith(String end, int length) {
        return length >= end.length() && line.indexOf(end, length - end.length()) >= 0;
    }

    private void begin(List<String> head) {
        if (!head.getFirst().matches("HTTP/1\\.[01] [1-5][0-9][0-9]( .*)?")) {
            state = State.MALFORMED;
            return;
        }
        status = Integer.parseInt(head.getFirst().substring(9, 12));
        if (status < 200) {
            // An interim answer; the real one follows (RFC 9110, section 15.2).
            return;
        }
        String length = "";
        boolean chunked = false;
        for (String each : head.subList(1, head.size())) {
            int colon = each.indexOf(':');
            String name = colon < 0 ? "" : each.substring(0, colon).toLowerCase(Locale.ROOT);
            String value = each.substring(colon + 1).trim();
            if (name.equals("content-length")) {
                length = value;
            } else if (name.equals("transfer-encoding")) {
                chunked = value.equalsIgnoreCase("chunked");
            }
        }
        if (chunked) {
            state = State.CHUNK_SIZE;
        } else if (length.isEmpty()) {
            state = State.TO_THE_END;
        } else {
            known(length);
        }
    }

    private void known(String length) {
        left = length.matches("[0-9]{1,9}") ? Integer.parseInt(length) : Integer.MAX_VALUE;
        if (left > XmlElement.LONGEST) {
            state = State.MALFORMED;
        } else {
            state = left == 0 ? State.COMPLETE : State.LENGTH;
        }
    }

    private void chunk(String text) {
        int semicolon = text.indexOf(';');
        String size = (semicolon < 0 ? text : text.substring(0, semicolon)).trim();
        if (!size.matches("[0-9a-fA-F]{1,6}")) {
            state = State.MALFORMED;
            return;
        }
        left = Integer.parseInt(size, 16);
        state = left == 0 ? State.TRAILER : State.CHUNK;
    }
}
