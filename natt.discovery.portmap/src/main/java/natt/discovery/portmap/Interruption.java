package natt.discovery.portmap;

/// An interrupted virtual thread finds its socket closed.
final class Interruption {
    private Interruption() {}

    /// Called after an error of input or output.
    static void check() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted in an exchange with the gateway");
        }
    }
}
