/** For tests of an application: a network and a storage in memory, that fail when told. */
@NullMarked
package dev.multipaxos.testkit;

import org.jspecify.annotations.NullMarked;
