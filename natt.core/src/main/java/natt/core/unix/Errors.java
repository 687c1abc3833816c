package natt.core.unix;

import java.util.Set;

/// Numbers of `errno(3)`, which are the same wherever natt runs.
public final class Errors {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int ENODEV = 19;
    public static final int EINVAL = 22;
    public static final int EBADFD = 77;
    public static final int EMSGSIZE = 90;
    public static final int ENOPROTOOPT = 92;
    public static final int EOPNOTSUPP = 95;
    public static final int EAFNOSUPPORT = 97;
    public static final int EADDRNOTAVAIL = 99;
    public static final int ENETDOWN = 100;
    public static final int ENETUNREACH = 101;
    public static final int ENOBUFS = 105;
    public static final int ECONNREFUSED = 111;
    public static final int EHOSTDOWN = 112;
    public static final int EHOSTUNREACH = 113;

    /// Those after which a descriptor may still carry packets: the device is down, or the network
    /// has reported what became of an earlier packet.
    private static final Set<Integer> PASSING =
            Set.of(
                    EIO,
                    ENOMEM,
                    EMSGSIZE,
                    ENOPROTOOPT,
                    ENETDOWN,
                    ENETUNREACH,
                    ENOBUFS,
                    ECONNREFUSED,
                    EHOSTDOWN,
                    EHOSTUNREACH);

    private Errors() {}

    static boolean isPassing(int errno) {
        return PASSING.contains(errno);
    }
}
