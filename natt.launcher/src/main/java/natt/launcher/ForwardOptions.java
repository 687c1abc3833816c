package natt.launcher;

import com.beust.jcommander.Parameter;

import java.util.ArrayList;
import java.util.List;

/// The options of `natt forward`.
final class ForwardOptions extends PeerOptions {
    @Parameter(
            description =
                    "[BIND:]PORT:PEER:[HOST:]PORT..., without the first PORT for standard input and"
                            + " output; or [BIND:]PORT:PEER: COMMAND ARGS, which the peer must"
                            + " allow")
    List<String> specs = new ArrayList<>();
}
