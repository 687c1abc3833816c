package natt.tests;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The peer on xtaci's kcp-go: `src/peer/go/kcppeer.go`, which says what it can do.
public final class GoPeer {
    private static final Path GO_PATH = Path.of("/usr/share/gocode");

    private GoPeer() {}

    public static Path binary() {
        return Repository.target("peer").resolve("kcppeer");
    }

    /// Builds it; returns why that was not possible.
    public static Optional<String> build() {
        if (Programs.find("go").isEmpty()) {
            return Optional.of("no Go compiler (golang-go)");
        }
        if (!Files.isDirectory(GO_PATH.resolve("src/github.com/xtaci/kcp-go"))) {
            return Optional.of("no kcp-go (golang-github-xtaci-kcp-dev)");
        }
        Path source = Repository.root().resolve("natt.tests/src/peer/go/kcppeer.go");
        var result =
                Programs.run(
                        List.of("go", "build", "-o", binary().toString(), source.toString()),
                        Map.of(
                                "GO111MODULE",
                                "off",
                                "GOPATH",
                                GO_PATH.toString(),
                                "GOCACHE",
                                Repository.target("go-cache").toString()),
                        "");
        return result.status() == 0
                ? Optional.empty()
                : Optional.of("the Go peer does not compile: " + result.firstLine());
    }
}
