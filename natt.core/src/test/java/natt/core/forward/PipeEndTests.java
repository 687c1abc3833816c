package natt.core.forward;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.io.Driver;
import natt.core.time.Ticker;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.ByteBuffer;

@Timeout(30)
class PipeEndTests {
    private Driver driver;
    private PipeEnd pipe;

    @BeforeEach
    void open() throws IOException {
        driver = new Driver(Ticker.system(), "unused");
        pipe = new PipeEnd(driver, () -> {});
    }

    @AfterEach
    void discard() {
        driver.discard();
    }

    private byte[] read() {
        var into = ByteBuffer.allocate(16);
        int length = pipe.read(into);
        var read = new byte[Math.max(length, 0)];
        into.flip().get(read);
        return read;
    }

    @Test
    void eachDirectionEndsByItself() throws IOException {
        pipe.output().write(new byte[] {1, 2});
        pipe.output().close();
        assertArrayEquals(new byte[] {1, 2}, read());
        assertEquals(-1, pipe.read(ByteBuffer.allocate(1)));
        pipe.write(ByteBuffer.wrap(new byte[] {3}));
        pipe.finish();
        assertArrayEquals(new byte[] {3}, pipe.input().readAllBytes());
    }

    @Test
    void readerGetsWhatCameBeforeAndThenTheReason() throws IOException {
        pipe.write(ByteBuffer.wrap(new byte[] {7}));
        pipe.fail("bob: the peer is shutting down");
        assertEquals(7, pipe.input().read());
        var broken = assertThrows(IOException.class, () -> pipe.input().read());
        assertEquals("bob: the peer is shutting down", broken.getMessage());
        broken = assertThrows(IOException.class, () -> pipe.output().write(1));
        assertEquals("bob: the peer is shutting down", broken.getMessage());
    }

    @Test
    void droppedPipeTakesTheRestIntoTheVoidAndDeliversWhatWasWritten() throws IOException {
        pipe.output().write(9);
        pipe.drop();
        assertArrayEquals(new byte[] {9}, read());
        assertEquals(-1, pipe.read(ByteBuffer.allocate(1)));
        var rest = ByteBuffer.allocate(1 << 20);
        pipe.write(rest);
        assertFalse(rest.hasRemaining());
    }

    @Test
    void closedOutputTakesNoMore() throws IOException {
        var output = pipe.output();
        output.close();
        assertThrows(IOException.class, () -> output.write(1));
    }
}
