import org.jspecify.annotations.NullMarked;

/// The programs natts, nattc and natt: command lines, logs and exit codes.
///
/// @provides java.lang.System.LoggerFinder so that a log line is one line on standard error
@NullMarked
module natt.launcher {
    requires static org.jspecify;
    requires natt.core;
    requires natt.rendezvous;
    requires natt.tun;
    requires natt.wireguard;
    requires jcommander;

    opens natt.launcher to
            jcommander;

    provides System.LoggerFinder with
            natt.launcher.LineLoggerFinder;
}
