// Package marketdata is the participant that publishes: the tape of all committed trades, and the
// day's prices.
//
//	Apply ─▶ tape/ (a journal: one record per committed batch, in order)
//	    └──▶ bars: open, high, low, last, volume, turnover, trades per day and instrument ─▶ bhavcopy.csv
//
// The state is rebuilt by replaying the participant's log; the tape is not, because it has been
// published. New reads which batches are on it behind the last mark, and the replay passes them by.
// Before the log is cut, the tape is made durable and marked (Keep). A market data that has taken its
// state over from another one says on its tape which trades are not there.
//
// Invariants:
//
//	M1  A trade is on the tape only after its batch was decided (decision D4).
//	M2  Each committed batch is on the tape once, in commit order, across restarts.
//	M3  If the tape cannot be written or tells another history than the log, nothing more is
//	    published, every vote is a no for reasons of infrastructure, and Save fails. If the disk is full,
//	    that is so until there is room, and then the tape goes on.
package marketdata
