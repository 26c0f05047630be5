// Package disk is what durable code asks of a file system: every effect of the journal and of
// snapshots goes through an FS. Real is the operating system's; package simdisk has one that loses
// what was not synced, tears it, fails and fills up, all by a seed.
//
// What an FS promises is what POSIX does, and no more:
//
//	F1  What was written is read back at once, by everybody. It survives the death of the process
//	    and not a power cut, after which any mixture of old and new sectors may be there.
//	F2  Sync makes the content and the size of a file durable, not its name. SyncDir makes the names
//	    in a directory durable.
//	F3  A sector of 512 bytes is written whole or not at all. Nothing is promised about two.
//	F4  After a Sync that failed nobody knows what is durable, and another Sync that succeeds proves
//	    nothing: the kernel may have given up the pages and called them clean.
//	F5  A lock is gone when its process is, and was never held by two.
package disk
