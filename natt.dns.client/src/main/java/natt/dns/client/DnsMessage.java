package natt.dns.client;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A DNS message (RFC 1035, section 4): what a lookup asks, and what it reads of an answer.
///
/// @param flags the second 16 bits of the header
/// @param code the response code, with the bits that EDNS adds (RFC 6891, section 6.1.3)
/// @param question the first, if there is one
/// @param answers none, nor authorities, when the message is truncated
record DnsMessage(
        int id,
        int flags,
        int code,
        Optional<Question> question,
        List<Resource> answers,
        List<Resource> authorities) {

    static final int RESPONSE = 0x8000;
    static final int AUTHORITATIVE = 0x0400;
    static final int TRUNCATED = 0x0200;
    static final int RECURSION_DESIRED = 0x0100;
    static final int RECURSION_AVAILABLE = 0x0080;

    static final int NO_ERROR = 0;
    static final int FORMAT_ERROR = 1;
    static final int NO_SUCH_NAME = 3;
    static final int NOT_IMPLEMENTED = 4;

    static final int A = 1;
    static final int NS = 2;
    static final int CNAME = 5;
    static final int SOA = 6;
    static final int TXT = 16;
    static final int AAAA = 28;
    static final int SRV = 33;

    private static final int OPT = 41;
    private static final int INTERNET = 1;
    private static final int HEADER = 12;
    private static final int POINTER = 0xc0;
    private static final int MAX_NAME = 255;

    /// After the name of a question: type and class.
    private static final int QUESTION_TAIL = 4;

    /// The root's name, type, payload size, code and flags, and the length of no data.
    private static final int OPT_LENGTH = 11;

    private static final List<String> CODES =
            List.of(
                    "NOERROR",
                    "FORMERR",
                    "SERVFAIL",
                    "NXDOMAIN",
                    "NOTIMP",
                    "REFUSED",
                    "YXDOMAIN",
                    "YXRRSET",
                    "NXRRSET",
                    "NOTAUTH",
                    "NOTZONE");

    /// @param type in the class of the Internet, or of another, which is never asked for
    record Question(DnsName name, int type, int dnsClass) {
        Question(DnsName name, int type) {
            this(name, type, INTERNET);
        }

        boolean matches(Question other) {
            return type == other.type && dnsClass == other.dnsClass && name.equals(other.name);
        }
    }

    /// A record of the Internet's class.
    ///
    /// @param content `A`, `AAAA`, `TXT` and `SRV`: as in a `DnsRecord`; empty for others
    /// @param target `CNAME` and `NS`: the name they point to; the root for others
    record Resource(DnsName name, int type, String content, DnsName target) {}

    /// What does not follow the format.
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1;

        MalformedException() {
            super("malformed", null, false, false);
        }
    }

    /// The bytes of a query.
    ///
    /// @param payload the longest answer that may come, said by EDNS (RFC 6891); 0 for no EDNS
    static byte[] query(int id, Question question, boolean recursion, int payload) {
        byte[] name = question.name.wire();
        ByteBuffer out = ByteBuffer.allocate(HEADER + name.length + QUESTION_TAIL + OPT_LENGTH);
        out.putShort((short) id).putShort((short) (recursion ? RECURSION_DESIRED : 0));
        out.putShort((short) 1).putInt(0).putShort((short) (payload > 0 ? 1 : 0));
        out.put(name).putShort((short) question.type).putShort((short) question.dnsClass);
        if (payload > 0) {
            out.put((byte) 0).putShort((short) OPT).putShort((short) payload);
            out.putInt(0).putShort((short) 0);
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    /// Reads a message. Of one that is truncated, only the header and the question count.
    static DnsMessage read(ByteBuffer in) throws MalformedException {
        try {
            return new Reader(in.slice()).message();
        } catch (BufferUnderflowException | IndexOutOfBoundsException cut) {
            throw new MalformedException();
        }
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    String codeName() {
        return code < CODES.size() ? CODES.get(code) : "RESERVED" + code;
    }

    private static final class Reader {
        private final ByteBuffer in;
        private int extendedCode;

        Reader(ByteBuffer in) {
            this.in = in;
        }

        DnsMessage message() throws MalformedException {
            int id = unsignedShort();
            int flags = unsignedShort();
            int questions = unsignedShort();
            int answers = unsignedShort();
            int authorities = unsignedShort();
            int further = unsignedShort();
            Optional<Question> question = Optional.empty();
            for (int i = 0; i < questions; i++) {
                var each = new Question(name(), unsignedShort(), unsignedShort());
                question = question.isPresent() ? question : Optional.of(each);
            }
            List<Resource> answer = List.of();
            List<Resource> authority = List.of();
            if ((flags & TRUNCATED) == 0) {
                answer = resources(answers);
                authority = resources(authorities);
                resources(further);
            }
            int code = flags & 0xf | extendedCode << 4;
            return new DnsMessage(id, flags, code, question, answer, authority);
        }

        private List<Resource> resources(int count) throws MalformedException {
            var resources = new ArrayList<Resource>();
            for (int i = 0; i < count; i++) {
                DnsName owner = name();
                int type = unsignedShort();
                int dnsClass = unsignedShort();
                int ttl = in.getInt();
                int length = unsignedShort();
                int end = in.position() + length;
                if (end > in.limit()) {
                    throw new MalformedException();
                }
                if (type == OPT) {
                    extendedCode = ttl >>> 24;
                } else if (dnsClass == INTERNET) {
                    resources.add(resource(owner, type, length));
                    if (in.position() > end) {
                        throw new MalformedException();
                    }
                }
                in.position(end);
            }
            return resources;
        }

        private Resource resource(DnsName owner, int type, int length) throws MalformedException {
            DnsName root = new DnsName(new byte[1]);
            return switch (type) {
                case A -> new Resource(owner, type, address(length, 4), root);
                case AAAA -> new Resource(owner, type, address(length, 16), root);
                case TXT -> new Resource(owner, type, text(length), root);
                case SRV -> new Resource(owner, type, service(), root);
                case CNAME, NS -> new Resource(owner, type, "", name());
                default -> new Resource(owner, type, "", root);
            };
        }

        private String address(int length, int expected) throws MalformedException {
            if (length != expected) {
                throw new MalformedException();
            }
            var bytes = new byte[length];
            in.get(bytes);
            try {
                InetAddress address = InetAddress.getByAddress(bytes);
                boolean mapped = address.getAddress().length != length;
                return (mapped ? "::ffff:" : "") + address.getHostAddress();
            } catch (UnknownHostException wrongLength) {
                throw new AssertionError("4 and 16 bytes are addresses", wrongLength);
            }
        }

        /// The strings of a text, joined.
        private String text(int length) throws MalformedException {
            var bytes = new byte[length];
            int joined = 0;
            int end = in.position() + length;
            while (in.position() < end) {
                int string = in.get() & 0xff;
                if (string > end - in.position()) {
                    throw new MalformedException();
                }
                in.get(bytes, joined, string);
                joined += string;
            }
            return new String(bytes, 0, joined, StandardCharsets.UTF_8);
        }

        private String service() throws MalformedException {
            return unsignedShort()
                    + " "
                    + unsignedShort()
                    + " "
                    + unsignedShort()
                    + " "
                    + name().text();
        }

        /// Every pointer must lead further back than the one before, so that this ends.
        private DnsName name() throws MalformedException {
            var wire = new byte[MAX_NAME];
            int length = 0;
            int at = in.position();
            int before = at;
            int end = -1;
            while (true) {
                int size = in.get(at) & 0xff;
                if (size >= POINTER) {
                    int to = in.getShort(at) & 0x3fff;
                    if (to >= before) {
                        throw new MalformedException();
                    }
                    end = end < 0 ? at + 2 : end;
                    before = to;
                    at = to;
                } else if (size >= 0x40 || length + 1 + size > MAX_NAME) {
                    throw new MalformedException();
                } else {
                    wire[length] = (byte) size;
                    in.get(at + 1, wire, length + 1, size);
                    length += 1 + size;
                    at += 1 + size;
                    if (size == 0) {
                        in.position(end < 0 ? at : end);
                        return new DnsName(Arrays.copyOf(wire, length));
                    }
                }
            }
        }

        private int unsignedShort() {
            return in.getShort() & 0xffff;
        }
    }
}
