package natt.core.unix;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Set;

/// What a thread may do beyond its user's rights (`capabilities(7)`).
public final class Privileges {
    private static final Path STATUS = Path.of("/proc/thread-self/status");

    private static final int PR_CAPBSET_READ = 23;
    private static final int PR_CAPBSET_DROP = 24;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int PR_CAP_AMBIENT = 47;
    private static final int PR_CAP_AMBIENT_RAISE = 2;
    private static final int PR_CAP_AMBIENT_CLEAR_ALL = 4;

    /// The version of `struct __user_cap_header_struct` that goes with two sets of 32 bits.
    private static final int VERSION_3 = 0x2008_0522;

    /// Each set is two words of 32 bits, in the order effective, permitted, inheritable; first the
    /// lower words of all.
    private static final int SETS_BYTES = 24;

    private static final int MOST_CAPABILITIES = 64;

    private Privileges() {}

    /// A right that natt may need. The number is its bit.
    public enum Capability {
        /// Ports below 1024.
        NET_BIND_SERVICE(10),
        /// Devices, addresses, routes.
        NET_ADMIN(12),
        /// Raw sockets.
        NET_RAW(13);

        private final long bit;

        Capability(int number) {
            bit = 1L << number;
        }
    }

    /// Whether the calling thread may use it now.
    ///
    /// @throws IOException with one line for the user, if the system is not Linux
    public static boolean has(Capability capability) throws IOException {
        return (field("CapEff") & capability.bit) != 0;
    }

    /// Gives up all rights of the calling thread but some, for ever: no program that it starts gets
    /// any back. Threads that it starts later are as it is, those that run already keep theirs; so
    /// this is for a platform thread that has started no other. The user stays: root's files stay
    /// readable for root. What is kept is passed to the programs that are started.
    ///
    /// @param keep those of them that the thread does not have are not gained
    /// @throws IOException with one line for the user, if it has not happened; the program must end
    public static void drop(Set<Capability> keep) throws IOException {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a virtual thread has no rights of its own");
        }
        Libc libc = Libc.load();
        long kept = 0;
        for (Capability each : keep) {
            kept |= each.bit;
        }
        kept &= field("CapPrm");
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
        dropBounding(libc, kept);
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);
        setAll(libc, kept);
        for (int number = 0; number < MOST_CAPABILITIES; number++) {
            if ((kept & 1L << number) != 0) {
                libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number);
            }
        }
        for (String field : new String[] {"CapEff", "CapPrm", "CapInh", "CapAmb"}) {
            verify(field, kept);
        }
        verify("NoNewPrivs", 1);
    }

    /// Takes the rights from what programs could gain. Without the right to do so nothing is lost:
    /// they gain none anyway.
    private static void dropBounding(Libc libc, long kept) throws UnixException {
        for (int number = 0; number < MOST_CAPABILITIES; number++) {
            try {
                if ((kept & 1L << number) == 0 && libc.prctl(PR_CAPBSET_READ, number, 0) == 1) {
                    libc.prctl(PR_CAPBSET_DROP, number, 0);
                }
            } catch (UnixException failed) {
                // The kernel knows no more, or does not let us.
                if (failed.errno() == Errors.EINVAL || failed.errno() == Errors.EPERM) {
                    return;
                }
                throw failed;
            }
        }
    }

    private static void setAll(Libc libc, long kept) throws UnixException {
        var header = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putInt(VERSION_3);
        var sets = ByteBuffer.allocate(SETS_BYTES).order(ByteOrder.nativeOrder());
        for (int word = 0; word < 2; word++) {
            int bits = (int) (kept >>> 32 * word);
            sets.putInt(bits).putInt(bits).putInt(bits);
        }
        libc.capset(header.array(), sets.array());
    }

    private static void verify(String field, long wanted) throws IOException {
        long is = field(field);
        if (is != wanted) {
            throw new IOException(
                    "the privileges could not be dropped: %s is %x, not %x"
                            .formatted(field, is, wanted));
        }
    }

    /// A number in hexadecimal that the kernel tells of the calling thread.
    private static long field(String name) throws IOException {
        for (String line : Files.readAllLines(STATUS)) {
            if (line.startsWith(name + ":")) {
                return HexFormat.fromHexDigitsToLong(line.substring(name.length() + 1).strip());
            }
        }
        throw new IOException("the kernel does not tell of " + name);
    }
}
