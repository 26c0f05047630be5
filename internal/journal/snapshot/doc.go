// Package snapshot keeps the states from which a log is replayed, as files beside the log.
//
//	00000000000000004711.snapshot       state of the owner behind record 4711 of the log
//	00000000000000009000.snapshot       the newest
//	00000000000000012000.snapshot.temp  one that was not finished; removed by the next Write
//
// How an owner uses it:
//
//	store := snapshot.NewStore(disk.Real, dir, snapshot.Identity{Cluster: c, Node: n, Kind: snapshot.Engine})
//
//	// To take one: the log is durable up to at.
//	at := j.Position()                      // where the state in body is
//	err := store.Write(at, body)            // atomic; durable when it returns; may run beside the log
//	oldest, err := store.Oldest()
//	err = j.TruncateBefore(oldest)          // optional: drops what no snapshot that is kept needs
//
//	// To start.
//	snap, skipped, err := store.Latest()    // snap.At is zero if there is none: replay from the beginning
//	j, err := journal.Open(dir, journal.Options{After: snap.At}, replay)
//
// A Store trusts nothing: a file says of which cluster, node and kind it is, behind which record of
// which log, how long it is and what its hash is. What does not fit is refused with a typed error,
// and so is a log that does not fit the snapshot, by journal.Open.
//
// Two snapshots are kept. If the newest is damaged, the one before it is used and the damage is
// reported; the log still has what lies between them, because Oldest says what may be truncated. A
// file of another cluster, node, kind or version is no damage: somebody has put it there, or started
// the wrong node, and nothing is used until a person has looked.
//
// Invariants:
//
//	N1  A file with the name of a snapshot was whole and durable when it got this name.
//	N2  Write removes an older snapshot only when two newer ones are durable, or when Latest has found it
//	    damaged: such a one counts for nothing.
//	N3  What Latest returns was written by Write, for this identity, byte for byte.
//	N4  Nothing is allocated by a length that a file claims; the size of the file is the limit.
package snapshot
