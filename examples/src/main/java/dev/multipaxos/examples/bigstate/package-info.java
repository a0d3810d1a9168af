/** A state that is larger than the memory of its members: shows that snapshots stream, and measures what a transfer costs. */
@NullMarked
package dev.multipaxos.examples.bigstate;

import org.jspecify.annotations.NullMarked;
