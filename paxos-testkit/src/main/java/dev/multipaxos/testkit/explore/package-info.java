/** Every state that a small cluster can reach, one by one: {@link dev.multipaxos.testkit.explore.Explore}. */
@NullMarked
package dev.multipaxos.testkit.explore;

import org.jspecify.annotations.NullMarked;
