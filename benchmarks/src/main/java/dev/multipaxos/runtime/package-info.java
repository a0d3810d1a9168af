/** Benchmarks of parts that only their package sees. */
@NullMarked
package dev.multipaxos.runtime;

import org.jspecify.annotations.NullMarked;
