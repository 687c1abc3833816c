package natt.core.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.Map;

class DirectoriesTests {
    private static void assertAre(
            Directories directories, String state, String configuration, String runtime) {
        assertEquals(Path.of(state), directories.state());
        assertEquals(Path.of(configuration), directories.configuration());
        assertEquals(Path.of(runtime), directories.runtime());
    }

    @Test
    void theServiceManagersComeFirst() {
        var environment =
                Map.of(
                        "STATE_DIRECTORY", "/var/lib/natts:/var/lib/more",
                        "CONFIGURATION_DIRECTORY", "/etc/natts",
                        "RUNTIME_DIRECTORY", "/run/natts",
                        "HOME", "/home/a",
                        "XDG_STATE_HOME", "/x");
        for (boolean root : new boolean[] {false, true}) {
            assertAre(
                    new Directories(environment, root),
                    "/var/lib/natts",
                    "/etc/natts",
                    "/run/natts");
        }
    }

    @Test
    void rootHasTheSystems() {
        assertAre(
                new Directories(Map.of("HOME", "/root", "XDG_STATE_HOME", "/x"), true),
                "/var/lib/natt",
                "/etc/natt",
                "/run/natt");
    }

    @Test
    void usersHaveTheirOwn() {
        assertAre(
                new Directories(Map.of("HOME", "/home/a"), false),
                "/home/a/.local/state/natt",
                "/home/a/.config/natt",
                "/home/a/.local/state/natt");
        assertAre(
                new Directories(
                        Map.of(
                                "HOME", "/home/a",
                                "XDG_STATE_HOME", "/s",
                                "XDG_CONFIG_HOME", "/c",
                                "XDG_RUNTIME_DIR", "/run/user/1000"),
                        false),
                "/s/natt",
                "/c/natt",
                "/run/user/1000/natt");
    }

    @Test
    void relativeOnesAreIgnored() {
        assertAre(
                new Directories(
                        Map.of(
                                "HOME", "/home/a",
                                "STATE_DIRECTORY", "",
                                "XDG_STATE_HOME", "s",
                                "XDG_CONFIG_HOME", "",
                                "XDG_RUNTIME_DIR", "."),
                        false),
                "/home/a/.local/state/natt",
                "/home/a/.config/natt",
                "/home/a/.local/state/natt");
    }

    @Test
    void onlyTheDirectoryThatIsAskedForMustBeKnown() {
        var directories = new Directories(Map.of("STATE_DIRECTORY", "/s"), false);
        assertEquals(Path.of("/s/identity"), directories.identityFile());
        assertEquals(Path.of("/s/known_hosts"), directories.knownHostsFile());
        var refused =
                assertThrows(IllegalArgumentException.class, directories::authorizedClientsFile);
        assertEquals("neither XDG_CONFIG_HOME nor HOME is set", refused.getMessage());
    }
}
