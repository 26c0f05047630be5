package sim

import "github.com/tezi-exchange/tezi/internal/mutant"

// equivalent are the bugs that break nothing, each with the proof. Most are second lines of defence,
// against coordinators that do what ours do not.
var equivalent = map[mutant.ID]string{
	mutant.FencedCommitObeyed: "A commit watermark says what a quorum has durably accepted in some ballot. That it did stays true when the " +
		"ballot is fenced: every later base contains it (I7, rule S2). A participant obeys it only as far as the chain is its own.",
	mutant.TimerForgets: "A vote is not durable and binds nobody but the ballot it was cast in (PROTOCOL.md 3.6). The participant forgets it in " +
		"the step in which it promises a higher ballot, so the old one cannot have it pre-commit any more. It is the same as a crash that " +
		"loses the unsynced vote, which every scheduler plays. Only recover-forward reaches less far.",
	mutant.PreCommitUnstarted: "A coordinator sends PRE-COMMIT only to participants that it knows to be started, which it learns from START-ACK or from a " +
		"State with its ballot as last_attempt. Both leave behind the durable START record, and last_attempt never goes back. So whoever " +
		"gets a PRE-COMMIT that is not fenced has last_attempt equal to its ballot, and the condition is never true.",
	mutant.VoteUnstarted: "As PreCommitUnstarted: batches are sent to started participants only, and a start is durable before the coordinator hears of it.",
	mutant.FillUnpromised: "Batches below the base of a ballot are sent only to participants whose State for that ballot has come, and that leaves behind the " +
		"durable promise. So whoever gets one that is not fenced has promised the ballot.",
	mutant.StatesUnpromised: "In an election the only message that carries the new ballot is STATE-REQ, and its answer is made after the promise was raised, or is " +
		"STALE. A State with the coordinator's ballot and another promise would have to answer something else.",
	mutant.HelpersForever: "Who holds no more than the one that lags does not answer. After unansweredMax Ticks without an answer that one is given a snapshot " +
		"(SilenceTrusted takes that away), and where nobody has one the next helper has its turn at each Tick. It is helped some Ticks later, and that is all.",
}
