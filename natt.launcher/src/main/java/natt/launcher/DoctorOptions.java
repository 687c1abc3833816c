package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

/// The options of `natt doctor`: those of natts, whose set-up it looks at, and its own.
final class DoctorOptions extends NattsOptions {
    @Parameter(
            names = {"--target", "-target"},
            description = "NAME or ticket of a node to look for, as nattc does")
    @Nullable String target;

    @Parameter(
            names = {"--peer", "-peer"},
            splitter = Whole.class,
            description =
                    "what 'natt doctor --json' has written on the other side: says how the two"
                            + " meet")
    @Nullable String peer;

    @Parameter(
            names = {"--lifetime", "-lifetime"},
            description =
                    "measure for how long a mapping lives without traffic, up to so many seconds;"
                            + " takes up to four times as long")
    int lifetime;

    @Parameter(
            names = {"--write-test", "-write-test"},
            description = "write a TXT record at _natt-doctor.NAME to see whether that is allowed")
    boolean writeTest;

    @Parameter(
            names = {"--json", "-json"},
            description = "one object, for programs and for --peer")
    boolean json;
}
