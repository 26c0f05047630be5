// Package commit measures the commit subsystem alone: a coordinator, and participants with the
// production machines, roles, journals and transports, fed with batches that are built before.
//
//	Supply (pre-built payloads) ─▶ Coordinator ═ transport ═▶ risk, settlement, market data ─▶ disks
//	                                   │ due → decided, ns
//	                                   ▼
//	                               histogram ─▶ Result ─▶ table, JSON, benchstat lines
//
// A Case says what is measured: how many trades a batch has, how many batches are in flight, how many
// participants there are, over which transport, durable or not, as fast as the window allows or, open
// loop, at a rate. Open loop means that latency counts from the moment at which a batch was due, so that a
// stall is not forgiven to the batches that had to wait behind it.
//
// Times on a shared machine vary with what its neighbours do. So each case is measured beside its floor,
// in the same run, half of it before and half of it after, and with the same number of processes, bytes and files,
// but over TCP whatever the case has, and without protocol, roles and checksums (floor.go). The ratio of the two is
// what may be compared between days and machines.
//
// What holds:
//
//	I1  Nothing that happened before the end of the warm-up counts, and everything after it does: the
//	    latencies of the batches that are in flight at the end too. Open loop, a case ends when all that was due in
//	    its time is proposed, or after twice its time.
//	I2  A batch counts when its decision is known, once. A run in which a batch was aborted, or in which
//	    a participant ends on another chain than the coordinator, is an error and no result.
//	I3  The payloads are built before the clock starts; while it runs only trade numbers are written.
package commit
