package natt.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Debian's sshd with keys and a configuration of its own, and the command lines of clients
/// that touch no file of the user's: not even the start-up files of the user's shell are read,
/// since sessions have another `HOME`.
public final class RealSshd implements AutoCloseable {
    private final Path directory;
    private final int port;
    private final RunningProcess process;

    private RealSshd(Path directory, int port, RunningProcess process) {
        this.directory = directory;
        this.port = port;
        this.process = process;
    }

    /// Starts it.
    ///
    /// @param on the start of a command line, such as that of [Network#on]; empty for here
    public static RealSshd start(Processes processes, String address, int port, String... on)
            throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("natt-sshd-");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        if (System.getProperty("user.name").equals("root")) {
            Files.createDirectories(Path.of("/run/sshd")); // sshd's directory for its sandbox
        }
        for (String key : List.of("host_key", "identity")) {
            Path file = directory.resolve(key);
            Programs.mustRun("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file.toString());
        }
        Files.copy(directory.resolve("identity.pub"), directory.resolve("authorized_keys"));
        String hostKey = Files.readString(directory.resolve("host_key.pub"));
        Files.writeString(directory.resolve("known_hosts"), "natt-host " + hostKey);
        Path configuration = directory.resolve("sshd_config");
        Files.writeString(
                configuration,
                """
                Port %d
                ListenAddress %s
                HostKey %s
                AuthorizedKeysFile %s
                PidFile none
                UsePAM no
                StrictModes no
                PasswordAuthentication no
                KbdInteractiveAuthentication no
                PermitRootLogin yes
                MaxStartups 100:30:200
                MaxSessions 100
                LogLevel VERBOSE
                Subsystem sftp internal-sftp
                SetEnv HOME=%s
                """
                        .formatted(
                                port,
                                address,
                                directory.resolve("host_key"),
                                directory.resolve("authorized_keys"),
                                directory));
        String program = Programs.find("sshd").orElseThrow().toString();
        RunningProcess process =
                processes
                        .prepare("sshd", on)
                        .with(program, "-D", "-e", "-f", configuration.toString())
                        .start();
        process.awaitLine("Server listening on", Duration.ofSeconds(10));
        return new RealSshd(directory, port, process);
    }

    public int port() {
        return port;
    }

    /// sshd itself, with its log.
    public RunningProcess process() {
        return process;
    }

    /// The command line of `ssh` up to and including the host.
    ///
    /// @param options further ones, each in the form `Name=value`
    public List<String> ssh(String... options) {
        List<String> line = client("ssh", options);
        line.add(host());
        return line;
    }

    /// The command line of `scp` up to its files; remote ones start with [#remote].
    public List<String> scp(String... options) {
        return client("scp", options);
    }

    public String remote(Path file) {
        return host() + ":" + file;
    }

    private static String host() {
        return System.getProperty("user.name") + "@natt-host";
    }

    private List<String> client(String program, String... options) {
        List<String> line = new ArrayList<>(List.of(program, "-F", "none"));
        for (String option :
                List.of(
                        "IdentitiesOnly=yes",
                        "IdentityFile=" + directory.resolve("identity"),
                        "UserKnownHostsFile=" + directory.resolve("known_hosts"),
                        "GlobalKnownHostsFile=/dev/null",
                        "StrictHostKeyChecking=yes",
                        "HostKeyAlias=natt-host",
                        "BatchMode=yes",
                        "ServerAliveInterval=0")) {
            line.add("-o");
            line.add(option);
        }
        for (String option : options) {
            line.add("-o");
            line.add(option);
        }
        return line;
    }

    @Override
    public void close() {
        process.close();
        for (String file :
                List.of(
                        "host_key",
                        "host_key.pub",
                        "identity",
                        "identity.pub",
                        "authorized_keys",
                        "known_hosts",
                        "sshd_config",
                        "")) {
            try {
                Files.deleteIfExists(directory.resolve(file));
            } catch (IOException e) {
                throw new AssertionError("the directory is this test's own", e);
            }
        }
    }
}
