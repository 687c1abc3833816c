package natt.tests;

import org.junit.jupiter.api.extension.ExtendWith;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// What a test needs from the machine. Where it is missing the test is skipped, loudly, or
/// fails when the system property `natt.require` names it or is `all`. `all` does not ask for
/// the laboratory that lies beside the repository: `all,natlab` does.
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@Inherited
@ExtendWith(RequiresCondition.class)
public @interface Requires {
    Need[] value();
}
