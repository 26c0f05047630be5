// Package verify proves from the logs of a run that its parts agree. It trusts nothing that can be
// computed again:
//
//	V1  Every committed batch is the same at risk, settlement and market data: same number, same
//	    chain over the whole history. A log that ends earlier (a run that was cut off) is a prefix.
//	V2  Every batch is intact: digest and chain fit its bytes, and its parent is the one before.
//	V3  Trade numbers are dense: each committed trade is there once.
//	V4  Matching the engine's command log again gives, byte for byte, the committed batches, and in a run that
//	    is finished no trade besides.
//	V5  Feeding the committed batches to fresh participants gives their saved digests and, byte for
//	    byte, their saved files, and no others. In a run that is finished whoever is a member has saved his.
//	V6  Money and shares are conserved in every settlement: what is bought is sold.
//	V7  The published tape holds the committed batches, in order, and no other. What it passes over came as part of
//	    a state.
//	V8  Nothing that is committed, or that the engine holds decided, is missing at a quorum, and the two are one history.
//	V9  The members change only by entries of the stream that are sound: every participant is named, risk
//	    and settlement are members always, and the command log has the same changes.
//	V10 Every checkpoint in a participant's log is the state that the batches before it give, and every
//	    snapshot of the engine what the command log before it gives.
//
// Logs may have been cut. What a participant's log does not have any more is in another one's, or on the tape,
// which is never cut: states are computed from the first trade on, and what logs begin with is compared.
// Only where the tape says that it has a gap there too does a state rest on its first checkpoint. The
// engine's commands before its first snapshot are gone: the batches from there on are matched again (V4),
// and those before it are what participants and tape agree on. The result says from where on.
//
// The logs are streamed in step: memory does not grow with the run, but by 16 bytes for each decision in the
// engine's log.
package verify
