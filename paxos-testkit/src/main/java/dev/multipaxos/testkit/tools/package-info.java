/** Programs for those who operate a cluster: {@code bin/paxos-log} looks into the directory of a storage. */
@NullMarked
package dev.multipaxos.testkit.tools;

import org.jspecify.annotations.NullMarked;
