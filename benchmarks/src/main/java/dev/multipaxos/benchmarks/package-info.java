/** Measurements; run with {@code java -jar benchmarks/target/benchmarks.jar}. Not published. */
@NullMarked
package dev.multipaxos.benchmarks;

import org.jspecify.annotations.NullMarked;
