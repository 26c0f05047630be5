// Package codec turns values into bytes and back: commands, trades and instruments, which are
// their own 64-byte records; the payload of a batch, which is made of them; the frames that nodes
// exchange; the records of the commit protocol in a journal. Capture formats have packages of their
// own below this one.
//
//	Command, Instrument, Trade   64 bytes, little endian, cast from memory      docs/formats/batch-payload.md
//	Payload                      header, instruments, trades                    docs/formats/batch-payload.md
//	compact trades               blocks of columns, a third of the size         docs/formats/compact-trades.md
//	frame: Header + body         Message, Hello, Summary, ...                   docs/formats/wire.md
//	record                       batch3pc.Record in a journal                   docs/formats/journal.md
//
// Encoders append to a slice and allocate nothing if it has room. Decoders return values that alias
// the bytes they are given; each says for how long they are valid.
//
// Invariants:
//
//	C1  Decoding what was encoded gives the same value. Encoding what was decoded gives the same bytes, except for
//	    compact trades of another program: it may have cut them into other blocks, packed them into more bits than
//	    they need, or set bits that say nothing.
//	C2  No input makes a decoder panic, or allocate according to a length that the input claims.
//	C3  CheckFrame refuses a frame that is damaged anywhere.
//	C4  Sizes and offsets of the 64-byte records never change; the golden test holds them.
package codec
