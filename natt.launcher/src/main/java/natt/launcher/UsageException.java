package natt.launcher;

/// The command line, an environment variable or the configuration file is wrong: exit code 2.
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// @param message one line for the user
    UsageException(String message) {
        super(message);
    }
}
