package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

class AllowListTests {
    @ParameterizedTest
    @CsvSource({
        "22, 22",
        "22, localhost:22",
        "22, 127.0.0.1:22",
        "22, [::1]:22",
        "db:5432, DB.:5432",
        "[2001:db8::1]:80, [2001:DB8:0::1]:80",
        "db:*, db:1",
        "*:80, example.com:80",
        "*:*, 10.0.0.1:65535",
        "exec:df -h, exec:df  -h",
        "exec:git-upload-pack ..., exec:git-upload-pack /srv/a.git",
        "exec:git-upload-pack ..., exec:git-upload-pack",
        "exec:echo 'a  b', 'exec:echo \"a  b\"'",
    })
    void targetOnTheListIsAllowed(String entry, String target) {
        assertTrue(AllowList.of("7", entry).allows(Target.parse(target)));
    }

    @ParameterizedTest
    @CsvSource({
        "22, 23",
        "22, 127.0.0.2:22",
        "22, example.com:22",
        "db:5432, db.example:5432",
        "db:5432, db:5433",
        "db:*, eb:1",
        "*:80, example.com:81",
        "*:*, exec:df",
        "exec:df -h, exec:df",
        "exec:df -h, exec:df -h /",
        "exec:df -h, exec:df -h -a",
        "exec:df -h, exec:/bin/df -h",
        "exec:df, exec:df;id",
        "exec:git-upload-pack ..., exec:git-upload-pack --strict",
        "exec:git-upload-pack ..., exec:git-upload-pack a -x",
        "exec:echo a b, exec:echo 'a b'",
    })
    void targetBesideTheListIsNotAllowed(String entry, String target) {
        assertFalse(AllowList.of(entry).allows(Target.parse(target)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", ":", "*", "0", "65536", "host", "host:", ":22", "host:0", "host:x", "*:", ":*",
                "a b:1", "exec:", "exec: ", "exec:''", "exec:'a", "::1:22", "[db]:1"
            })
    void wrongEntryIsRefusedInOneLine(String entry) {
        var wrong = assertThrows(IllegalArgumentException.class, () -> AllowList.of(entry));
        assertFalse(String.valueOf(wrong.getMessage()).contains("\n"));
    }

    @Test
    void nothingIsAllowedByAnEmptyList() {
        assertFalse(AllowList.of().allows(Target.parse("22")));
        assertTrue(AllowList.of().isEmpty());
    }

    @Test
    void onlyASingleServiceCanBeLookedAtBeforehand() {
        AllowList list = AllowList.of("22", "db:5432", "db:*", "*:80", "exec:df");
        assertEquals(List.of("db:*", "*:80", "exec:df"), list.beyondServices());
        assertEquals("[localhost:22, db:5432]", list.services().toString());
    }
}
