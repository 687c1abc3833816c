package natt.core.node;

import natt.core.io.Driver;
import natt.core.status.Report;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/// What every node tells first.
final class NodeReport {
    private NodeReport() {}

    /// Has the driver's thread make a report. One that fails or never comes about disturbs nothing.
    static CompletableFuture<Report> collect(Driver driver, Supplier<Report> maker) {
        var report = new CompletableFuture<Report>();
        if (driver.failure().isDone()) {
            report.completeExceptionally(new IOException(driver.failure().join()));
            return report;
        }
        driver.execute(
                () -> {
                    try {
                        report.complete(maker.get());
                    } catch (RuntimeException | AssertionError fault) {
                        report.completeExceptionally(fault);
                    }
                });
        return report;
    }

    /// @param program natts or nattc
    /// @param name under which the host publishes
    static Report.Builder begin(String program, String name, Duration age) {
        var report = Report.builder().text("program", program).text("name", name);
        var descriptor = NodeReport.class.getModule().getDescriptor();
        if (descriptor != null) {
            descriptor.rawVersion().ifPresent(version -> report.text("version", version));
        }
        return report.count("process", ProcessHandle.current().pid()).seconds("age", age);
    }
}
