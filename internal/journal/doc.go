// Package journal is an append-only log of records in segment files: the durable memory of a node.
//
//	Append ─▶ buffer ─▶ Flush ─▶ page cache ─▶ Sync ─▶ disk
//	 owner's goroutine          ┊             syncer's goroutine
//
//	00000000000000000001.journal   mark│record│record│...│record│zeros
//	00000000000000004711.journal   mark│record│...│zeros            (reserved when it is made)
//	spare                          zeros: the next segment, while it is filled
//	00000000000000004800.snapshot  state behind record 4800; package snapshot
//	lock                           held while a Journal is open
//
// The owner appends and flushes; the syncer makes durable what was flushed before its call, while
// the owner goes on. Whatever was flushed during one Sync shares the next: the disk sets the pace
// of the syncs and not of the records (group commit).
//
// A segment is reserved as a whole when it is made, so a full disk is met there and not at a write,
// and fdatasync has no file size to write. With Options.Ahead a goroutine of the journal fills the next one
// with zeros meanwhile, so that fdatasync has no extent map to write either; docs/formats/journal.md has the figures.
//
// A Reader reads a log from its beginning or from behind a Position. A Follower reads one that
// another process is writing, and takes it over when that process is gone.
//
// A Reader from NewSalvager goes on behind damage, and Repair makes of a damaged log a whole one that
// says where it had holes; both are for owners who can get their history back from others.
//
// Every effect goes through a disk.FS, so that package simdisk can crash it at any point.
//
// An end that a crash has torn is cut off; anything else that is wrong is damage, and left alone, because what
// it hid may have been promised to others. docs/formats/journal.md says how the two are told apart.
//
// Invariants:
//
//	I1  LSNs are dense from 1. A record carries the CRC of its predecessor, also across segments, so
//	    a record that was cut out, moved or put in is noticed.
//	I2  Synced never passes a record before its bytes and the name of its segment are durable.
//	I3  Behind the last record a segment reads as zeros.
//	I4  Open cuts a bad record only if nothing proves that it was durable once: no record behind it
//	    in its segment says so, and no later segment holds a record. Else it is a *DamageError.
//	I5  A journal that was closed says that all its records are durable.
//	I6  After a failed write or sync the journal takes nothing any more; only reopening, which reads
//	    everything again, tells what is there. It writes again what no record proves to be durable:
//	    a failed sync may have left it in memory, marked clean.
//	I7  Append, Flush and Sync allocate nothing, a roll to the next segment apart.
//	I8  A log has no hole between its segments. It begins with record 1, or beside a snapshot whose
//	    record it still has; so a snapshot can be held against the log that it is used with.
package journal
