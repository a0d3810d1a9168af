package dev.multipaxos.testkit.sim;

/**
 * What a good simulation reaches sometimes. None of it is wrong; but a simulation that never comes to it has not tried the code
 * that deals with it. All is seen from outside, in messages, records and what a replica shows of itself.
 */
public enum Situation {
    // ---- elections ----
    /** A node began to lead. */
    ELECTED,
    /** A pre-vote was refused. */
    PRE_VOTE_REFUSED,
    /** Two nodes campaigned at once, each with a ballot of its own. */
    TWO_CANDIDATES,
    /** Two nodes led at once, the older one without knowing that it was deposed. */
    TWO_LEADERS,
    /** A leader stepped down while slots that it had proposed in were not chosen. */
    STEPPED_DOWN_WITH_OPEN_SLOTS,
    /** A leader stepped down though it knew of no higher ballot: it heard no quorum. */
    STEPPED_DOWN_UNHEARD,
    /** A node that had crashed led again, in another life. */
    LED_IN_ANOTHER_LIFE,
    /** A promise was cut into chunks. */
    PROMISE_IN_CHUNKS,
    /** A promise told of a slot that its sender knew to be chosen. */
    PROMISE_TOLD_CHOICE,

    /** A ballot was not promised, because a lease was granted to another node, or may have been in an earlier life. */
    PROMISE_BARRED,

    // ---- merging ----
    /** A new leader filled a hole with a no-op. */
    HOLE_FILLED,
    /** A command that an older ballot had proposed was proposed again at a higher one. */
    PROPOSED_AGAIN,
    /** Two ballots proposed two values in one slot. */
    TWO_VALUES_FOR_ONE_SLOT,

    // ---- phase 2 ----
    /** A slot was chosen while one below it was not. */
    CHOSEN_OUT_OF_ORDER,
    /** A message of a ballot that was too low was rejected. */
    OLD_BALLOT_REJECTED,
    /** An acceptor voted again for what it had voted for at that very ballot. */
    VOTE_REPEATED,
    /** An acceptor gave a slot to a higher ballot, which had another value for it. */
    VOTE_REPLACED,
    /** An acceptor voted for what it knew to be chosen. */
    VOTE_FOR_CHOICE,
    /** An accept came for a slot in which the receiver knows another value to be chosen, and nothing of a higher ballot. */
    ACCEPT_OF_ANOTHER_CHOICE,
    /** An accept came for a slot that is cleared here. */
    ACCEPT_OF_CLEARED_SLOT,
    /** An accept was further ahead than the ring holds, and got no answer. */
    ACCEPT_BEYOND_RING,
    /** A watermark covered a slot that the receiver holds at another ballot, and was not believed. */
    WATERMARK_NOT_BELIEVED,

    // ---- catch-up and dropping ----
    /** A node learned a choice from another that it had not voted for. */
    CHOICE_LEARNED,
    /** A candidate fetched what it lacked. */
    CATCH_UP_OF_CANDIDATE,
    /** A leader fetched what it lacked. */
    CATCH_UP_OF_LEADER,
    /** A laggard was served from the journal. */
    CATCH_UP_FROM_JOURNAL,
    /** A prefix that all hold was cleared from memory. */
    CLEARED,

    // ---- snapshots ----
    /** A node took a snapshot. */
    SNAPSHOT_TAKEN,
    /** A snapshot could not be written, or not be read, because the disk failed; the node went on. */
    SNAPSHOT_FAILED,
    /** A node began with a snapshot of its own when it was started again. */
    RESTORED_AT_START,
    /** A node that followed, or knew no leader, was set to another's snapshot. */
    INSTALLED_AS_FOLLOWER,
    /** A node that campaigned was set to another's snapshot. */
    INSTALLED_AS_CANDIDATE,
    /** A command that had been asked for before its member was set to another's snapshot was answered. */
    ANSWERED_AFTER_INSTALL,
    /** A part of a snapshot did not come, and was asked for again. */
    TRANSFER_RESUMED,
    /** A node gave up a snapshot that was on its way to it. */
    TRANSFER_GIVEN_UP,
    /** A node that was being sent a snapshot left its sender for another member. */
    PROVIDER_CHANGED,
    /** A node took a snapshot and trimmed less than that allows, because a member was being sent an older one. */
    TRIM_HELD_BY_TRANSFER,
    /** A start found a journal the first records of which were trimmed. */
    TRIMMED,
    /** A start found a journal in which a segment that was trimmed had become another one. */
    SEGMENT_USED_AGAIN,

    // ---- reads ----
    /** A read was confirmed by a quorum, and ran. */
    READ_CONFIRMED,
    /** A read was refused, at a follower or at a leader that stepped down. */
    READ_REFUSED,
    /** A leader got the acknowledgement of a round of reads when a later round was open. */
    READ_ROUND_OVERTAKEN,

    // ---- calls ----
    /** A command was executed a second time and got the answer of the first, the session having kept it. */
    REPEAT_ANSWERED,
    /** A client sent a command again and was answered. */
    ANSWERED_AFTER_RETRY,
    /** A command came too far ahead of its session's floor and was void. */
    OUTSIDE_WINDOW,
    /** A member's call ended because the member's session was gone. */
    SESSION_LOST,
    /** A deadline passed after the command had left. */
    OUTCOME_UNKNOWN,
    /** A member had no room for a call. */
    OVERLOADED,
    /** A member carried commands to another that led. */
    FORWARDED,

    // ---- the network ----
    /** A message arrived again when its ballot was dead. */
    DUPLICATE_OF_DEAD_BALLOT,
    /** A message arrived after its sender had crashed. */
    MESSAGE_OF_EARLIER_LIFE,
    /** A message arrived at a node that was down. */
    MESSAGE_TO_NOBODY,

    /** A leader that held a lease was asked for a read. */
    READ_WITH_LEASE,

    // ---- crashes and disks ----
    /** A leader crashed with slots that were not chosen. */
    LEADER_CRASHED_WITH_OPEN_SLOTS,
    /** A node crashed while a binding message waited for its disk. */
    CRASHED_WITH_MESSAGE_AT_GATE,
    /** All nodes were down at once. */
    ALL_DOWN,
    /** A loop forced the journal itself. */
    FORCED_ON_LOOP,
    /** A node stopped because its disk failed. */
    STOPPED_BY_DISK,
    /** A node took no values any more, because its disk was nearly full. */
    NO_VALUES_ON_FULL_DISK,
    /** A node that had taken no values took them again, because there was room. */
    VALUES_AGAIN_WITH_ROOM,
    /** A call was refused because the member's disk was nearly full. */
    REFUSED_ON_FULL_DISK,
    /** A node found that its disk was damaged, named it, and stopped for good. */
    DAMAGE_FOUND,
    /** A start found nothing wrong with a disk on which the start before had found that something was lost. */
    DISK_REPAIRED,
    /** The scrubber found damage that nobody had come to; the node went on. */
    SCRUB_FOUND_DAMAGE,
    /** A round of the scrubber found nothing where one before had found damage: a snapshot and a trim do without it. */
    DAMAGE_REPAIRED,
    /** A node that had lost chosen values was whole again, because others told it the values. */
    REBUILT_BY_VALUES,
    /** A node that had lost chosen values was whole again, because another's snapshot stands for them. */
    REBUILT_BY_SNAPSHOT,
    /** A slot in which a node did not know what it had voted for was known again. */
    UNKNOWN_SLOT_RESOLVED,
    /** A node whose disk was wiped was refused, and stopped. */
    WIPED_NODE_REFUSED,
    /** A node that came back on an older copy of its disk was refused, and stopped. */
    OLD_COPY_REFUSED,
    /** A second process under a node's id was refused, and stopped. */
    TWIN_REFUSED,
    /** A node did not come up: the power or the disk failed during the start. */
    FAILED_AT_START,
    /** A start found less than was appended: a tail that was not forced is gone, and cut. */
    TAIL_LOST,
    /** A start found records that had never been forced. */
    TAIL_KEPT
}
