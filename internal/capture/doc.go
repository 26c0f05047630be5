// Package capture opens, converts and inspects files of recorded or generated order flow.
//
//	file ──▶ meter ──▶ gunzip, member by member ──▶ recognize ──▶ codec/nse          ──▶ Reader.Next
//	          │         (if the content says so)                  codec/commandcsv
//	          ╰── Progress                                        codec/capture (.tzc)
//
// An NSE file holds what the exchange made of its orders, not the rules and phases by which it did.
// So a reader puts the phases of the day between the records (Sessions), and a writer runs the flow
// through an engine's core to learn what to record: triggers, cancels, what an order came to.
//
// What a file is, its content says, never its name: people rename files. A name matters only for
// writing (FormatOf).
//
// Invariants:
//
//   - F1 Three errors and no fourth kind of trouble: NotCaptureError, the wrong file; DamageError,
//     the right file truncated or corrupted, for good; RecordError, one record, and reading goes on.
//     Each is one line that says where, what was expected and what was found.
//   - F2 A truncated file is never taken for a complete one, as far as its format can tell: a gzip
//     file cut between two members and a text cut between two lines look complete.
//   - F3 A file to write appears under its name when it is complete, or not at all.
//   - F4 A conversion tells what the other format cannot carry: Stats.Notes. What would change the
//     meaning of the flow is an error.
//   - F5 A flow and the NSE file made of it give the same trades; shadow.go names the exceptions.
package capture
