package dev.multipaxos.testkit.contract;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;

/** Runs a contract inside a test. */
final class Contract {

    private Contract() {}

    /** Runs all of a contract. {@return the tests that failed, and what each said, up to what JUnit adds} */
    static Map<String, String> failuresOf(Class<?> implementation) {
        return run(implementation, selectClass(implementation));
    }

    /** Runs one test of a contract, which must fail. {@return what it said} */
    static String failureOf(Class<?> implementation, String test) {
        return Objects.requireNonNull(
                run(implementation, selectMethod(implementation, test)).get(test), test);
    }

    private static Map<String, String> run(Class<?> implementation, DiscoverySelector what) {
        Map<String, String> failures = new TreeMap<>();
        var tests =
                EngineTestKit.engine("junit-jupiter").selectors(what).execute().testEvents();
        if (tests.started().count() == 0) {
            throw new AssertionError("no test of " + implementation + " was found");
        }
        for (Event failed : tests.failed().list()) {
            String test = failed.getTestDescriptor()
                    .getSource()
                    .map(source -> ((MethodSource) source).getMethodName())
                    .orElseThrow();
            String message = failed.getRequiredPayload(TestExecutionResult.class)
                    .getThrowable()
                    .map(thrown -> String.valueOf(thrown.getMessage()))
                    .orElse("");
            failures.put(test, message.replaceFirst("(?s) ==> .*", ""));
        }
        return failures;
    }
}
