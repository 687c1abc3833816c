package natt.core.forward;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.io.Driver;
import natt.core.time.Ticker;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

@Timeout(30)
class StdioEndTests {
    private final BlockingQueue<String> ready = new LinkedBlockingQueue<>();
    private Driver driver;

    @BeforeEach
    void open() throws IOException {
        driver = new Driver(Ticker.system(), "test-driver").start();
    }

    @AfterEach
    void close() {
        driver.close();
    }

    private StdioEnd end(OutputStream out) throws IOException {
        var silent = new PipedInputStream(new PipedOutputStream());
        return new StdioEnd(driver, silent, out, () -> ready.add("ready")).start();
    }

    @Test
    void aClosedOutputIsNoticedWithoutAnotherByte() throws Exception {
        StdioEnd end =
                end(
                        new OutputStream() {
                            @Override
                            public void write(int each) throws IOException {
                                throw new IOException("broken pipe");
                            }
                        });
        end.write(ByteBuffer.wrap(new byte[3]));
        ready.take();
        assertThrows(IOException.class, () -> end.read(ByteBuffer.allocate(1)));
        end.close();
        assertThrows(IOException.class, end::flushed);
    }

    @Test
    void whatWasWrittenBeforeAnAbortIsHandedOver() throws Exception {
        var out = new ByteArrayOutputStream();
        StdioEnd end = end(out);
        end.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        end.abort();
        while (!end.flushed()) {
            ready.take();
        }
        assertTrue(end.flushed());
        assertArrayEquals(new byte[] {1, 2, 3}, out.toByteArray());
    }
}
