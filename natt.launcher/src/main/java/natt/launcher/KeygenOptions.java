package natt.launcher;

import com.beust.jcommander.Parameter;

import java.util.ArrayList;
import java.util.List;

/// The options of `natt keygen`.
final class KeygenOptions extends BasicOptions {
    @Parameter(
            names = {"--psk", "-psk"},
            description = "make a shared secret, not an identity")
    boolean psk;

    @Parameter(description = "FILE, which must not exist")
    List<String> files = new ArrayList<>();
}
