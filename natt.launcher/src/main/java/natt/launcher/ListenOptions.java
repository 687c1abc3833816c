package natt.launcher;

import com.beust.jcommander.Parameter;

import java.util.ArrayList;
import java.util.List;

/// The options of `natt listen`.
final class ListenOptions extends PeerOptions {
    @Parameter(description = "further --allow")
    List<String> further = new ArrayList<>();
}
