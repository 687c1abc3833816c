package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The options of `natt ticket`.
final class TicketOptions extends StateOptions {
    @Parameter(
            names = {"--secret", "-secret"},
            description = "put the shared secret of --psk-file into the ticket")
    boolean secret;

    @Parameter(
            names = {"--psk-file", "-psk-file"},
            description = "file of the shared secret, made by 'natt keygen --psk'")
    @Nullable String pskFile;

    @Parameter(
            names = {"--expires", "-expires"},
            description =
                    "when clients stop using the ticket: 30d, 2026-12-31 or 2026-12-31T18:00:00Z")
    @Nullable String expires;

    @Parameter(
            names = {"--host-key", "-host-key"},
            description = "public key of another machine, instead of this one's")
    @Nullable String hostKey;

    @Parameter(description = "NAME, the DNS name under which natts publishes")
    List<String> names = new ArrayList<>();
}
