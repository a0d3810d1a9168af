/** What a {@code DurableStorage} and a {@code Transport} promise, as tests: extend one to hold an implementation of your own to it. */
@NullMarked
package dev.multipaxos.testkit.contract;

import org.jspecify.annotations.NullMarked;
