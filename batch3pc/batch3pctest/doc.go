// Package batch3pctest tests implementations of batch3pc.App, as testing/fstest tests file systems. A
// participant of one's own ships with a call of RunApp:
//
//	func TestLedger(t *testing.T) {
//		batch3pctest.RunApp(t, batch3pctest.Subject{
//			New:     func(testing.TB) batch3pc.App { return NewLedger() },
//			State:   func(a batch3pc.App) []byte { return a.(*Ledger).AppendState(nil) },
//			Payload: func(r *rand.Rand, prefix []*batch3pc.Batch) (uint32, []byte) { ... },
//		})
//	}
//
// It plays random schedules of votes, applications and drops, as the protocol may bring them, and asks
// for what the protocol relies on:
//
//	A1  a vote follows from the batches before it and the batch, whatever is applied or was dropped
//	A2  nothing is seen before Apply: State shows what is applied, and neither votes nor drops
//	A3  a drop leaves no trace
//	A4  equal batches in equal order give equal State, however votes and applications interleave
//	A5  a batch that is decided is accepted, even one that would have been refused
//	A6  the batch is lent: it is not changed, and not used after Apply, Drop or a no
//	A7  from any prefix of a participant's log the state is rebuilt
//	A8  a no has a reason, and a veto names items of the batch
//	A9  a snapshot, where the App has one, is the applied state and nothing else
package batch3pctest
