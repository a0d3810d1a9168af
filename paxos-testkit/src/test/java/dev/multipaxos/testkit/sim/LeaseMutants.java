package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Mutant.core;
import static dev.multipaxos.testkit.sim.Mutant.runtime;

import java.util.List;

/** Bugs in leases: each lets another node lead while one is relied on, or relies on what does not say enough. */
final class LeaseMutants {

    private LeaseMutants() {}

    static List<Mutant> all() {
        return List.of(
                core(
                        "Lease",
                        "LEASE_COUNTED_FROM_RECEIPT",
                        "a leader counts a lease from when it was granted, not from when it asked",
                        "Math.max(askedAt[member], askedNanos);",
                        "now;"),
                core(
                                "Lease",
                                "LEASE_WITHOUT_DRIFT",
                                "a leader relies on a lease for its whole length, though its clock may be the slower one",
                                "oldest + parameters.leaseUseNanos();",
                                "oldest + parameters.leaseNanos();")
                        .foundBy("core.LeaseTest.a_leader_counts_a_lease_from_when_it_asked_for_it"),
                core(
                        "Lease",
                        "LEASE_OF_THE_LATEST",
                        "a leader counts a lease from the latest grant, not from the oldest that it needs",
                        "oldest = askedAt[latest];",
                        ""),
                core(
                        "Lease",
                        "LEASE_NOT_AWAITED",
                        "a member promises to others while a lease that it granted lasts",
                        "return now < awaitedUntil || isGrantedToAnother(candidate);",
                        "return now < awaitedUntil;"),
                core(
                                "Lease",
                                "LEASE_GRANTED_TWICE",
                                "a member grants a lease to another leader while an earlier one lasts, and forgets that one",
                                "if (nanos > grantMax || isGrantedToAnother(leader)) {",
                                "if (nanos > grantMax) {")
                        .foundBy(
                                "core.LeaseTest.nothing_is_granted_for_longer_than_is_on_the_disk_nor_to_a_second_leader"),
                core(
                                "Campaign",
                                "LEASE_GRANTER_CAMPAIGNS",
                                "a member that granted a lease campaigns while it lasts",
                                "if (lease.bars(self)) {",
                                "if (false) {")
                        .foundBy("core.LeaseTest.who_granted_a_lease_does_not_campaign_until_it_ends"),
                core(
                        "Lease",
                        "LEASE_FORGOTTEN",
                        "a member that was started again does not wait for what it may have granted",
                        "return now < awaitedUntil || isGrantedToAnother(candidate);",
                        "return isGrantedToAnother(candidate);"),
                runtime(
                                "Standing",
                                "LEASE_LIMIT_TRIMMED_AWAY",
                                "a journal that is trimmed no longer says that leases were granted",
                                "notes.add(new LeaseLimit(leaseNanosMax));",
                                "")
                        .foundBy(
                                "runtime.JournalWriterTest.what_touches_no_slot_is_said_again_above_the_durable_end_before_the_journal_goes"),
                runtime(
                                "LeaseClock",
                                "LEASE_LIMIT_LOWERED_EARLY",
                                "a journal says that leases are shorter while longer ones last",
                                "if (noted || awaited == 0 || now < awaited) {",
                                "if (noted || awaited == 0) {")
                        .foundBy(
                                "runtime.LeaseClockTest.shorter_leases_are_recorded_when_the_longer_ones_are_over_and_none_are_too"),
                runtime(
                                "LeaseClock",
                                "LEASE_LIMIT_IGNORED",
                                "a start waits as long as its configuration says, not as long as its journal does",
                                "awaited = Math.max(grantNanos, recordedNanos);",
                                "awaited = grantNanos;")
                        .foundBy(
                                "runtime.LeaseClockTest.shorter_leases_are_recorded_when_the_longer_ones_are_over_and_none_are_too"),
                core(
                        "Replica",
                        "LEASE_WITHOUT_RECOVERY",
                        "a new leader answers by its lease before it knows what was acknowledged before it led",
                        "return isLeader() && proposer.isRecovered() ? lease.heldUntil() : Long.MIN_VALUE;",
                        "return isLeader() ? lease.heldUntil() : Long.MIN_VALUE;"));
    }
}
