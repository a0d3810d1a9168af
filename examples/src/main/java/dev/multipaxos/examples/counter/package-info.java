/** The smallest program on the library. */
@NullMarked
package dev.multipaxos.examples.counter;

import org.jspecify.annotations.NullMarked;
