package natt.dns.file;

import natt.core.Text;
import natt.core.spi.Settings;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;

/// What publisher and lookup read from their settings.
///
/// @param path the zone-file fragment, setting `path`
record FileSettings(Path path) {
    static final String ID = "file";

    static FileSettings of(Settings settings) {
        String path =
                settings.requireKnown(ID, Set.of("path"))
                        .value("path")
                        .filter(each -> !each.isBlank())
                        .orElseThrow(
                                () ->
                                        new IllegalArgumentException(
                                                "the DNS provider 'file' needs the setting"
                                                        + " 'path'"));
        try {
            return new FileSettings(Path.of(path).toAbsolutePath());
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(
                    "the setting 'path' is not a path: " + Text.escape(path));
        }
    }
}
