package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

class RecordNumbersTests {
    @TempDir Path directory;

    private RecordNumbers numbers(long seconds) {
        return new RecordNumbers(directory.resolve("record-number"), () -> seconds * 1_000);
    }

    @Test
    void aNumberIsTheTimeAndEachIsGreaterThanTheLast() {
        RecordNumbers numbers = numbers(1_795_000_000);
        assertEquals(1_795_000_000, numbers.next());
        assertEquals(1_795_000_001, numbers.next());
    }

    @Test
    void aClockThatWasSetBackDoesNotCountBackwards() {
        numbers(1_795_000_000).next();
        assertEquals(1_795_000_001, numbers(5).next());
    }

    @Test
    void aDamagedFileIsPassedOver() throws Exception {
        Files.writeString(directory.resolve("record-number"), "many");
        assertEquals(7, numbers(7).next());
    }

    @Test
    void aDirectoryThatTakesNoFileChangesNothing() {
        var numbers = new RecordNumbers(directory.resolve("missing").resolve("n"), () -> 7_000);
        assertEquals(7, numbers.next());
        assertEquals(8, numbers.next());
    }
}
