package natt.rendezvous.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.NodeKey;
import natt.core.rendezvous.Message.NameCode;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

class DirectoryTests {
    private static final NodeKey ALICE = Board.key(1);
    private static final NodeKey BOB = Board.key(2);
    private static final long NOW = 1_800_000_000;
    private static final long DAYS = 24 * 3600;

    private final List<Name> journal = new ArrayList<>();
    private boolean diskFull;

    private Directory directory(int most, Name... known) {
        return new Directory(most, List.of(known), name -> !diskFull && journal.add(name));
    }

    @Test
    void theFirstWhoAsksHasTheNameInAnyCase() {
        Directory directory = directory(10);
        assertEquals(NameCode.OK, directory.claim("Bob", BOB, NOW));
        assertEquals(NameCode.TAKEN, directory.claim("bOB", ALICE, NOW));
        assertEquals(Optional.of(BOB), directory.find("BOB"));
        assertEquals(List.of(new Name("bob", BOB, NOW, NOW, false)), journal);
    }

    @Test
    void toAskAgainChangesNothingAndIsNotWritten() {
        Directory directory = directory(10);
        directory.claim("bob", BOB, NOW);
        assertEquals(NameCode.OK, directory.claim("bob", BOB, NOW + 5));
        assertEquals(1, journal.size());
        assertEquals(List.of(new Name("bob", BOB, NOW, NOW + 5, false)), directory.names());
    }

    @Test
    void aKeyHasFourNames() {
        Directory directory = directory(10);
        for (String name : List.of("a", "b", "c", "d")) {
            assertEquals(NameCode.OK, directory.claim(name, BOB, NOW));
        }
        assertEquals(NameCode.FULL, directory.claim("e", BOB, NOW));
        assertEquals(NameCode.OK, directory.claim("a", BOB, NOW));
        assertEquals(4, directory.size());
    }

    @Test
    void aNameThatWasGivenUpMakesRoomForAnotherOfItsKey() {
        Directory directory = directory(10);
        for (String name : List.of("a", "b", "c", "d")) {
            directory.claim(name, BOB, NOW);
        }
        directory.withdraw(BOB);
        assertEquals(NameCode.OK, directory.claim("e", BOB, NOW));
        assertEquals(Optional.empty(), directory.find("a"));
        assertEquals(NameCode.OK, directory.claim("a", ALICE, NOW), "it has left for good");
        assertEquals(4 + 1, directory.size());
    }

    @Test
    void aNameThatWasGivenUpIsNotFoundAndStaysReserved() {
        Directory directory = directory(10);
        directory.claim("bob", BOB, NOW);
        directory.withdraw(BOB);
        assertEquals(Optional.empty(), directory.find("bob"));
        assertEquals(NameCode.TAKEN, directory.claim("bob", ALICE, NOW));
        assertEquals(NameCode.OK, directory.claim("bob", BOB, NOW));
        assertEquals(Optional.of(BOB), directory.find("bob"));
    }

    @Test
    void aNameIsFreeAfter90UnusedDays() {
        Directory directory = directory(10);
        directory.claim("bob", BOB, NOW);
        directory.seen(BOB, NOW + DAYS);
        assertEquals(NameCode.TAKEN, directory.claim("bob", ALICE, NOW + 91 * DAYS - 1));
        assertEquals(NameCode.OK, directory.claim("bob", ALICE, NOW + 91 * DAYS));
        assertEquals(Optional.of(ALICE), directory.find("bob"));
        assertEquals(NameCode.TAKEN, directory.claim("bob", BOB, NOW + 91 * DAYS));
    }

    @Test
    void thereAreAsManyNamesAsTheBrokerWants() {
        Directory directory = directory(2);
        directory.claim("a", ALICE, NOW);
        directory.claim("b", BOB, NOW + 1);
        assertEquals(NameCode.FULL, directory.claim("c", BOB, NOW + 1));
        assertEquals(NameCode.OK, directory.claim("c", BOB, NOW + 90 * DAYS), "a is free");
        assertEquals(Optional.empty(), directory.find("a"));
        assertEquals(2, directory.size());
    }

    @Test
    void aNameThatCannotBeWrittenDownIsNotPromised() {
        Directory directory = directory(10);
        diskFull = true;
        assertEquals(NameCode.FULL, directory.claim("bob", BOB, NOW));
        assertEquals(Optional.empty(), directory.find("bob"));
        diskFull = false;
        assertEquals(NameCode.OK, directory.claim("bob", ALICE, NOW));
    }

    @Test
    void whatIsNoNameIsSaidToBeNone() {
        assertEquals(NameCode.MALFORMED, directory(10).claim("b b", BOB, NOW));
        assertEquals(Optional.empty(), directory(10).find("b b"));
    }

    @Test
    void theLaterOfTwoLinesOfANameCounts() {
        Directory directory =
                directory(
                        10,
                        new Name("bob", ALICE, NOW, NOW, false),
                        new Name("bob", BOB, NOW, NOW, false));
        assertEquals(Optional.of(BOB), directory.find("bob"));
        for (String name : List.of("a", "b", "c", "d")) {
            assertEquals(NameCode.OK, directory.claim(name, ALICE, NOW));
        }
    }

    @Test
    void aLineIsReadAsItWasWritten() {
        var name = new Name("bob", BOB, NOW, NOW + 5, false);
        assertEquals("bob " + BOB + " 2027-01-15T08:00:00Z 2027-01-15T08:00:05Z", name.toLine());
        assertEquals(name, Name.parse(name.toLine()));
        var withdrawn = new Name("bob", BOB, NOW, NOW, true);
        assertEquals(withdrawn, Name.parse(withdrawn.toLine()));
    }

    @Test
    void aDamagedLineIsNoName() {
        String line = new Name("bob", BOB, NOW, NOW, false).toLine();
        for (int length = 0; length < line.length() - 1; length++) {
            String part = line.substring(0, length);
            assertThrows(IllegalArgumentException.class, () -> Name.parse(part), part);
        }
        assertThrows(IllegalArgumentException.class, () -> Name.parse(line + " x"));
    }

    @Test
    void aLineOfANodeIsReadAsItWasWritten() {
        for (String at : List.of("203.0.113.1:4000", "[2001:db8::1]:1")) {
            String line = BOB + " " + at + " " + "0a".repeat(16);
            assertEquals(line, Sleeper.parse(line).toLine());
        }
        String good = BOB + " 203.0.113.1:4000 ";
        for (String bad : List.of("", "0a", "zz".repeat(16), "0a".repeat(17))) {
            assertThrows(IllegalArgumentException.class, () -> Sleeper.parse(good + bad), bad);
        }
        String nowhere = BOB + " 203.0.113.1:0 " + "0a".repeat(16);
        assertThrows(IllegalArgumentException.class, () -> Sleeper.parse(nowhere));
        String name = BOB + " example.com:1 " + "0a".repeat(16);
        assertThrows(IllegalArgumentException.class, () -> Sleeper.parse(name));
    }
}
