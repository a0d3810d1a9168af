package dev.multipaxos.testkit.junit;

import dev.multipaxos.testkit.sim.Violation;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;
import org.junit.platform.commons.support.AnnotationSupport;

/** Invokes a {@link ClusterTest} for each of its seeds. The annotation brings it; tests need not name it. */
public final class ClusterTestExtension implements TestTemplateInvocationContextProvider {

    /** For JUnit. */
    public ClusterTestExtension() {}

    @Override
    public boolean supportsTestTemplate(ExtensionContext context) {
        return annotation(context).isPresent();
    }

    private static Optional<ClusterTest> annotation(ExtensionContext context) {
        return AnnotationSupport.findAnnotation(context.getTestMethod(), ClusterTest.class);
    }

    /** The next seed is asked for when the one before has run. */
    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(ExtensionContext context) {
        ClusterTestPlan plan =
                ClusterTestPlan.of(annotation(context).orElseThrow(), context::getConfigurationParameter);
        AtomicInteger failures = new AtomicInteger();
        return plan.seeds().stream()
                .takeWhile(seed -> failures.get() < plan.failuresMax())
                .map(seed -> new Invocation(plan, seed, failures));
    }

    /** The test, with one seed. */
    private static final class Invocation
            implements TestTemplateInvocationContext,
                    ParameterResolver,
                    AfterTestExecutionCallback,
                    TestExecutionExceptionHandler {

        private final ClusterTestPlan plan;
        private final long seed;
        private final AtomicInteger failures;
        private final ClusterSimulation cluster;

        Invocation(ClusterTestPlan plan, long seed, AtomicInteger failures) {
            this.plan = plan;
            this.seed = seed;
            this.failures = failures;
            this.cluster = new ClusterSimulation(seed, plan.events(), plan.replays() ? System.out : null);
        }

        @Override
        public String getDisplayName(int index) {
            return "seed " + seed;
        }

        @Override
        public List<Extension> getAdditionalExtensions() {
            return List.of(this);
        }

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == ClusterSimulation.class;
        }

        @Override
        public ClusterSimulation resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return cluster;
        }

        @Override
        public void handleTestExecutionException(ExtensionContext context, Throwable thrown) throws Throwable {
            failures.incrementAndGet();
            if (!(thrown instanceof Violation violation)) {
                throw thrown;
            }
            String what = String.valueOf(violation.getMessage()).replaceAll("\\R\\s*", " ");
            String replay = plan.replay(
                    context.getRequiredTestClass(),
                    context.getRequiredTestMethod().getName(),
                    seed);
            AssertionError failure = new AssertionError(what + "; replay: " + replay, violation.getCause());
            failure.setStackTrace(violation.getStackTrace());
            throw failure;
        }

        @Override
        public void afterTestExecution(ExtensionContext context) {
            if (context.getExecutionException().isEmpty() && !cluster.hasRun()) {
                failures.incrementAndGet();
                throw new IllegalStateException("the test has shown nothing: it did not call ClusterSimulation.run");
            }
        }
    }
}
