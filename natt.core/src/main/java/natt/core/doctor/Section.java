package natt.core.doctor;

import natt.core.status.Report;

import java.util.List;

/// One part of an examination.
///
/// @param name the key of the facts in a report, in camel case
/// @param facts for a program
/// @param findings for a person, in the order in which they are to be read
record Section(String name, Report facts, List<Finding> findings) {
    Section {
        findings = List.copyOf(findings);
    }
}
