// Package capture reads and writes tezi's own capture format, .tzc: a flow of commands with every
// field, in a seventh of the room of NSE's text and faster to read.
//
//	header | block of at most 4096 commands | block | ... | end block
//	          crc32c  length  count             crc32c  totals
//
// A record holds only what the records before it do not predict: one mask byte, one byte for kind,
// side, validity and flags together, then varints of differences. docs/formats/capture.md draws the
// bytes.
//
// Invariants:
//
//   - T1 Every field of every command survives, and of what lies over the bytes of a command
//     (definitions, phases, rules, limits) every byte that has a name.
//   - T2 A block stands for itself: prediction starts anew with each.
//   - T3 No command is given out before the checksum of its block is found right.
//   - T4 A file without its end block, with other totals or with bytes behind it is damaged.
//   - T5 A reader's memory is fixed: no number in a file sizes anything. Any bytes give commands, an
//     error or both, never a panic.
package capture
