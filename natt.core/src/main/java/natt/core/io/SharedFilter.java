package natt.core.io;

import static natt.core.io.FilterProgram.AND;
import static natt.core.io.FilterProgram.FROM_IP_HEADER;
import static natt.core.io.FilterProgram.IF_ANY_BIT;
import static natt.core.io.FilterProgram.IF_EQUAL;
import static natt.core.io.FilterProgram.LOAD_BYTE_AT_INDEX;
import static natt.core.io.FilterProgram.LOAD_HALF;
import static natt.core.io.FilterProgram.LOAD_HALF_AT_INDEX;
import static natt.core.io.FilterProgram.LOAD_WORD;
import static natt.core.io.FilterProgram.LOAD_WORD_AT_INDEX;
import static natt.core.io.FilterProgram.SET_INDEX;
import static natt.core.io.FilterProgram.SET_INDEX_TO_LENGTH_OF_IPV4_HEADER;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;

/// Which of the datagrams that arrive at this machine are natt's, on a port that belongs to another
/// program: those to that port which are natt's own messages, STUN, or from a server that is known.
/// The rest never comes to natt.
///
/// WireGuard's messages have a first byte of 1 to 4 and then three zeros, and a number at the place
/// of STUN's magic cookie that may be just that: STUN's second byte to fourth are never all zero.
///
/// @param port the local port
/// @param servers whose datagrams are natt's whatever is in them; at most [#MOST_SERVERS]
record SharedFilter(int port, List<InetSocketAddress> servers) {
    static final int MOST_SERVERS = 8;

    // Of IPv4 (RFC 791) and IPv6 (RFC 8200).
    private static final int FRAGMENT_4 = 6;
    private static final int FRAGMENT_BITS = 0x3fff;
    private static final int SOURCE_4 = 12;
    private static final int SOURCE_6 = 8;

    // Of UDP (RFC 768), and of what is in it.
    private static final int FROM_PORT = 0;
    private static final int TO_PORT = 2;
    private static final int PAYLOAD = 8;
    private static final int OWN_MASK = 0xf8;
    private static final int OWN_TYPES = 0x90;
    private static final int COOKIE = 4;
    private static final int MAGIC = 0x2112_a442;
    private static final int ALL_BUT_FIRST_BYTE = 0x00ff_ffff;

    SharedFilter {
        if (port < 1 || port > 0xffff) {
            throw new IllegalArgumentException("no port: " + port);
        }
        servers = List.copyOf(servers);
        if (servers.size() > MOST_SERVERS) {
            throw new IllegalArgumentException("more than " + MOST_SERVERS + " servers");
        }
        if (servers.stream().anyMatch(InetSocketAddress::isUnresolved)) {
            throw new IllegalArgumentException("a server without an address: " + servers);
        }
    }

    /// For a raw socket of IPv4, whose packets begin with the IP header.
    long[] ipv4() {
        var program = new FilterProgram();
        program.add(LOAD_HALF, FRAGMENT_4)
                .jump(IF_ANY_BIT, FRAGMENT_BITS, program.drop, program.next)
                .add(SET_INDEX_TO_LENGTH_OF_IPV4_HEADER, 0);
        checkDatagram(program, true);
        return program.assemble();
    }

    /// For a raw socket of IPv6, whose packets begin after the IP header and its extensions.
    long[] ipv6() {
        var program = new FilterProgram();
        program.add(SET_INDEX, 0);
        checkDatagram(program, false);
        return program.assemble();
    }

    private void checkDatagram(FilterProgram program, boolean four) {
        program.add(LOAD_HALF_AT_INDEX, TO_PORT).jump(IF_EQUAL, port, program.next, program.drop);
        for (InetSocketAddress each : servers) {
            if (each.getAddress() instanceof Inet4Address == four) {
                acceptFrom(program, each, four ? SOURCE_4 : FROM_IP_HEADER + SOURCE_6);
            }
        }
        program.add(LOAD_BYTE_AT_INDEX, PAYLOAD)
                .add(AND, OWN_MASK)
                .jump(IF_EQUAL, OWN_TYPES, program.accept, program.next)
                .add(LOAD_WORD_AT_INDEX, PAYLOAD + COOKIE)
                .jump(IF_EQUAL, MAGIC, program.next, program.drop)
                .add(LOAD_WORD_AT_INDEX, PAYLOAD)
                .jump(IF_ANY_BIT, ALL_BUT_FIRST_BYTE, program.accept, program.drop);
    }

    private static void acceptFrom(FilterProgram program, InetSocketAddress server, int at) {
        var another = new FilterProgram.Label();
        var address = ByteBuffer.wrap(server.getAddress().getAddress());
        for (int i = 0; address.hasRemaining(); i += Integer.BYTES) {
            program.add(LOAD_WORD, at + i).jump(IF_EQUAL, address.getInt(), program.next, another);
        }
        program.add(LOAD_HALF_AT_INDEX, FROM_PORT)
                .jump(IF_EQUAL, server.getPort(), program.accept, another)
                .place(another);
    }
}
