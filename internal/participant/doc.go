// Package participant runs one participant of the exchange's commit group: internal/rounds runs the
// protocol, and this package adds the Role (risk, settlement or market data), its state files, and
// the end of a run: Finish, by which the engine says where the stream ends, and Finished, by which
// the node says what it has saved.
//
// Invariants:
//
//	P1  A state is saved as finished only when everything that the engine decided is applied.
//	P2  The journal holds everything needed to rebuild machine and role; the state files are for
//	    people and for tezi verify.
package participant
