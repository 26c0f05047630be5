// Package participant is the driver of one participant of the commit group: it connects the state
// machine of batch3pc to a link, to a journal and to a Role (risk, settlement or market data).
//
//	link ─▶ Step ─▶ Ready ─▶ journal (append, flush) ─▶ syncer (fdatasync) ─▶ durable messages ─▶ link
//	                  └────▶ messages that promise nothing leave at once
//
// One goroutine steps the machine and appends; another one only calls fdatasync, so that votes go
// on while the disk works and one sync covers every PRE-COMMIT that came meanwhile (group commit).
//
// Invariants:
//
//	P1  A message of Ready.Durable leaves only after every record that came before it is durable.
//	P2  The journal holds everything needed to rebuild machine and role; nothing else is trusted
//	    at a restart.
//	P3  An error of the journal ends the process: it is never retried (protocol.md S9).
package participant
