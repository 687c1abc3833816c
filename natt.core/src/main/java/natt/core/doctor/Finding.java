package natt.core.doctor;

import java.util.Optional;

/// What was found about one thing, for a person.
///
/// @param topic a word that says what it is about, as in `nat`
/// @param text one line; nothing foreign is left to escape
/// @param remedy a sentence that says what to do, if there is something
public record Finding(Grade grade, String topic, String text, Optional<String> remedy) {

    /// How it is.
    public enum Grade {
        /// As it should be.
        OK,
        /// Good to know.
        NOTE,
        /// Something has to be done.
        PROBLEM
    }

    static Finding ok(String topic, String text) {
        return new Finding(Grade.OK, topic, text, Optional.empty());
    }

    static Finding note(String topic, String text) {
        return new Finding(Grade.NOTE, topic, text, Optional.empty());
    }

    static Finding note(String topic, String text, String remedy) {
        return new Finding(Grade.NOTE, topic, text, Optional.of(remedy));
    }

    static Finding problem(String topic, String text, String remedy) {
        return new Finding(Grade.PROBLEM, topic, text, Optional.of(remedy));
    }
}
